/** The workers of a model, as the page sees them. */

import { type Failure, fromFailure, PocketTTSError } from "./errors.js";
import type { Addresses, Progress } from "./loading/bundle.js";
import type { Compiled } from "./loading/module.js";
import type { WeightFormat } from "./manifest.js";
import { slices } from "./slices.js";
import type { Timing, Timings } from "./statistics.js";
import type { Backend, Request, Response, Results, Role, Task } from "./worker/messages.js";

/** A piece of sound from a worker, and when it arrived. */
export type Chunk = Extract<Response, { type: "chunk" }> & { at: number };

/** A task without its number. */
type Unnumbered<T> = T extends Task ? Omit<T, "id"> : never;

/** Where a bundle's files are, and the text of its manifest. */
export interface Bundle {
  addresses: Addresses;
  manifest: string;
}

/** The bundle to be opened, and how. */
export interface Opening {
  /** The bundle, once its manifest has come. */
  bundle: Promise<Bundle>;
  /** The wasm module, once it is compiled. */
  compiling: Promise<Compiled>;
  backend: Backend;
  dtype: WeightFormat | undefined;
  /** Threads in all. */
  threads: number;
}

/** What settles the promise of a task. */
interface Waiting {
  resolve(result: Results[keyof Results]): void;
  reject(error: unknown): void;
}

/** One worker and the tasks that it was given. */
class WorkerHandle {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #count = 0;
  /** Bytes of its wasm module's memory, as last reported. */
  memory = 0;

  constructor(name: string, hear: (response: Response) => void, failed: (error: Error) => void) {
    this.#worker = new Worker(new URL("./worker/worker.js", import.meta.url), { type: "module", name });
    this.#worker.onmessage = ({ data }: MessageEvent<Response>) => {
      if (data.type === "done") {
        this.#waiting.get(data.id)?.resolve(data.result);
        this.#waiting.delete(data.id);
      } else if (data.type === "failed") {
        this.#waiting.get(data.id)?.reject(fromFailure(data.failure));
        this.#waiting.delete(data.id);
      } else {
        if (data.type === "over") {
          this.memory = data.memory;
        }
        hear(data);
      }
    };
    this.#worker.onerror = (event) => {
      const why = event.message ?? "its script cannot be loaded";
      const error = new PocketTTSError("Worker", `the ${name} worker has failed: ${why}`);
      this.end(error);
      failed(error);
    };
  }

  /** Sends it a task, and waits for the result. */
  do<T extends Task["type"]>(
    task: Unnumbered<Extract<Task, { type: T }>> & { type: T },
    transfer: Transferable[] = [],
  ): Promise<Results[T]> {
    const id = this.#count++;
    const result = new Promise<Results[keyof Results]>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
    this.#worker.postMessage({ ...task, id }, transfer);
    return result as Promise<Results[T]>;
  }

  tell(request: Request): void {
    this.#worker.postMessage(request);
  }

  /** Terminates it. Its unfinished tasks fail with `error`, which may be a signal's reason. */
  end(error: unknown): void {
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) {
      reject(error);
    }
    this.#waiting.clear();
  }
}

/** One worker, or two: the first makes latents, the last makes samples. */
export class Workers {
  readonly #handles: WorkerHandle[] = [];
  #spoken: UtteranceStream | undefined;
  #utterances = 0;
  /** The error that ended all work. */
  #failure: { error: unknown } | undefined;
  readonly #ending = new AbortController();
  cacheHit = true;
  /** The vector instructions that the engine's backbone uses. */
  instructions: string | undefined;

  private constructor() {}

  /** Starts `count` workers and has them load the bundle. */
  static async open(
    { bundle, compiling, ...opening }: Opening,
    count: 1 | 2,
    progress: (progress: Progress) => void,
    signal: AbortSignal | undefined,
  ): Promise<Workers> {
    signal?.throwIfAborted();
    const workers = new Workers();
    const { port1, port2 } = new MessageChannel();
    const plan: [Role, MessagePort | undefined][] =
      count === 1 ? [["whole", undefined]] : [["backbone", port1], ["decoder", port2]];
    const abort = () => workers.end(signal?.reason);
    signal?.addEventListener("abort", abort);
    const threads = Math.max(1, Math.floor(opening.threads / count));
    try {
      // Their scripts are fetched beside the manifest and the module.
      const started = plan.map(([role, peer]) => {
        const handle = new WorkerHandle(
          role,
          (response) => (response.type === "progress" ? progress(response.progress) : workers.#hear(response)),
          (error) => workers.end(error),
        );
        workers.#handles.push(handle);
        return { handle, role, peer };
      });
      compiling.then(
        (compiled) => started.forEach(({ handle }) => handle.tell({ type: "module", compiled })),
        (error) => workers.end(error),
      );
      const { addresses, manifest } = await bundle;
      workers.checkAlive();
      const opened = started.map(({ handle, role, peer }) => {
        const task = { type: "open", ...opening, addresses, manifest, threads, role, peer } as const;
        return handle.do<"open">(task, peer === undefined ? [] : [peer]).then(({ cacheHit, instructions, memory }) => {
          workers.cacheHit &&= cacheHit;
          workers.instructions ??= instructions;
          handle.memory = memory;
        });
      });
      await Promise.all(opened);
      return workers;
    } catch (error) {
      workers.end(error);
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  get count(): number {
    return this.#handles.length;
  }

  /** Bytes of memory of the wasm modules. */
  get memory(): number {
    return this.#handles.reduce((sum, handle) => sum + handle.memory, 0);
  }

  /** Aborted when all work ends, with the error that ended it. */
  get ended(): AbortSignal {
    return this.#ending.signal;
  }

  /** Throws the error that ended all work, if there is one. */
  checkAlive(): void {
    if (this.#failure !== undefined) {
      throw this.#failure.error;
    }
  }

  /** The worker that has the voices. */
  get first(): WorkerHandle {
    this.checkAlive();
    const [first] = this.#handles;
    if (first === undefined) {
      throw new PocketTTSError("Disposed", "there are no workers");
    }
    return first;
  }

  /** Tells the first worker something, unless all work has ended. */
  tellFirst(request: Request): void {
    if (this.#failure === undefined) {
      this.#handles[0]?.tell(request);
    }
  }

  /** Starts an utterance; the previous one has to be over. Its text may be pushed into the returned stream. */
  speak(request: Omit<Extract<Request, { type: "speak" }>, "type" | "utterance">): UtteranceStream {
    const utterance = ++this.#utterances;
    const { first } = this;
    this.#spoken = new UtteranceStream(this.#handles.length, {
      taken: () => this.#handles.at(-1)?.tell({ type: "taken", utterance }),
      stop: () => {
        for (const handle of this.#handles) {
          handle.tell({ type: "stop", utterance });
        }
      },
      text: (text) => first.tell({ type: "text", utterance, text }),
      flush: () => first.tell({ type: "flush", utterance }),
      close: (isBroken) => first.tell({ type: "close", utterance, isBroken }),
    });
    first.tell({ type: "speak", utterance, ...request });
    return this.#spoken;
  }

  /** Ends all work with `error`: a `PocketTTSError`, or a signal's reason, which can be anything. */
  end(error: unknown): void {
    this.#failure ??= { error };
    for (const handle of this.#handles) {
      handle.end(error);
    }
    this.#spoken?.fail(error);
    this.#ending.abort(error);
  }

  #hear(response: Response): void {
    if (response.type !== "done" && response.type !== "failed" && response.type !== "progress" && response.utterance === this.#utterances) {
      this.#spoken?.hear(response);
    }
  }
}

/** UTF-16 units of a text that may be on their way to the worker. */
const MOST_UNREAD = 1 << 15;

/** Messages of an utterance to the workers. */
interface ToWorkers {
  taken(): void;
  stop(): void;
  text(text: string): void;
  flush(): void;
  close(isBroken: boolean): void;
}

/** One utterance: its chunks, as they come from the workers, and its text, if that arrives in pieces. */
export class UtteranceStream {
  readonly #to: ToWorkers;
  readonly #chunks: Chunk[] = [];
  /** Workers that have not reported `over`. */
  #working: number;
  #failure: { error: unknown } | undefined;
  /** The error of the text's source. */
  #textFailure: { error: unknown } | undefined;
  #stopped = false;
  #wake: (() => void) | undefined;
  /** UTF-16 units of the text that the worker has not read yet. */
  #unread = 0;
  #room: (() => void) | undefined;
  readonly timings: Timings = {};
  /** Resolves when every worker is free again. */
  readonly over: Promise<void>;
  #resolveOver: () => void = () => {};

  constructor(workers: number, to: ToWorkers) {
    this.#working = workers;
    this.#to = to;
    this.over = new Promise((resolve) => {
      this.#resolveOver = resolve;
    });
  }

  /** The next chunk; undefined at the end. */
  async next(): Promise<Chunk | undefined> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#to.taken();
        return chunk;
      }
      // If the source fails before anything is spoken, the worker only reports an empty text: its own error counts.
      const failure = this.#working === 0 || this.#failure !== undefined ? (this.#textFailure ?? this.#failure) : undefined;
      if (failure !== undefined) {
        throw failure.error;
      }
      if (this.#working === 0) {
        return undefined;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Sends a piece of the text to the worker, when there is room. Returns false once the utterance is over. */
  async push(text: string): Promise<boolean> {
    for (const piece of slices(text, MOST_UNREAD)) {
      while (this.#unread >= MOST_UNREAD && !this.isOver) {
        await new Promise<void>((resolve) => {
          this.#room = resolve;
        });
      }
      if (this.isOver) {
        return false;
      }
      this.#unread += piece.length;
      this.#to.text(piece);
    }
    return !this.isOver;
  }

  /** Speaks everything pushed so far, without waiting for the end of a sentence. */
  flush(): void {
    if (!this.isOver) {
      this.#to.flush();
    }
  }

  /** Ends the text. If its source failed, `failure` is thrown once the text before it has been spoken. */
  close(failure?: { error: unknown }): void {
    this.#textFailure = failure;
    if (!this.isOver) {
      this.#to.close(failure !== undefined);
    }
  }

  /** Whether nothing more is spoken. */
  get isOver(): boolean {
    return this.#stopped || this.#working === 0;
  }

  /** Stops the workers, which finish a running call of a component first. */
  stop(): void {
    if (!this.#stopped) {
      this.#stopped = true;
      this.#to.stop();
      this.#room?.();
    }
  }

  /** Ends the utterance with `error`, when the workers were terminated. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#working = 0;
    this.#resolveOver();
    this.#wake?.();
    this.#room?.();
  }

  hear(response: Extract<Response, { type: "chunk" | "over" | "read" }>): void {
    if (response.type === "chunk") {
      this.#chunks.push({ ...response, at: performance.now() });
    } else if (response.type === "read") {
      this.#unread -= response.units;
      this.#room?.();
    } else {
      this.#working -= 1;
      this.#add(response.timings);
      this.#failed(response.failure);
      if (this.#working === 0) {
        this.#resolveOver();
        this.#room?.();
      }
    }
    this.#wake?.();
  }

  #failed(failure: Failure | undefined): void {
    if (failure !== undefined) {
      this.#failure ??= { error: fromFailure(failure) };
      this.stop();
    }
  }

  #add(timings: Timings): void {
    for (const [name, { calls, milliseconds }] of Object.entries(timings)) {
      const timing: Timing = (this.timings[name] ??= { calls: 0, milliseconds: 0 });
      timing.calls += calls;
      timing.milliseconds += milliseconds;
    }
  }
}
