/** The workers of a model, as the page sees them. */

import { type Failure, fromFailure, PocketTTSError } from "./errors.js";
import type { Addresses, Progress } from "./loading/bundle.js";
import type { Compiled } from "./loading/module.js";
import type { WeightFormat } from "./manifest.js";
import { slices } from "./slices.js";
import type { Timing, Timings } from "./statistics.js";
import type { Backend, Request, Response, Results, Role, Task } from "./worker/messages.js";

/** A piece of sound from a worker, and when it came. */
export type Chunk = Extract<Response, { type: "chunk" }> & { at: number };

/** A task without its number. */
type Unnumbered<T> = T extends Task ? Omit<T, "id"> : never;

/** Where a bundle's files are, and the text of its manifest. */
export interface Bundle {
  addresses: Addresses;
  manifest: string;
}

/** What is to be opened. */
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

/** Hears the answer to a task. */
interface Waiting {
  resolve(result: Results[keyof Results]): void;
  reject(error: unknown): void;
}

/** One worker and the tasks that it was given. */
class WorkerHandle {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #count = 0;
  /** Bytes of its wasm module's memory, as it last told. */
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

  /** Gives it a task, and waits for the result. */
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

  /** Ends it at once; what it was to do fails with `error`, which may be a signal's reason. */
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
  /** What ended all work. */
  #failure: { error: unknown } | undefined;
  readonly #ending = new AbortController();
  cacheHit = true;
  /** What the engine's backbone uses. */
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

  /** Aborted when all work ends, with what ended it. */
  get ended(): AbortSignal {
    return this.#ending.signal;
  }

  /** Throws what ended all work, if something has. */
  checkAlive(): void {
    if (this.#failure !== undefined) {
      throw this.#failure.error;
    }
  }

  /** The worker that voices live in. */
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

  /** Starts an utterance; the one before has to be over. Its text may arrive by what is given back. */
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

  /** Ends all work with `error`, which may be anything: it is a signal's reason then. */
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

/** What an utterance tells the workers. */
interface ToWorkers {
  taken(): void;
  stop(): void;
  text(text: string): void;
  flush(): void;
  close(isBroken: boolean): void;
}

/** Chunks of one utterance, as they come from the workers; and its text, where that arrives in pieces. */
export class UtteranceStream {
  readonly #to: ToWorkers;
  readonly #chunks: Chunk[] = [];
  /** Workers that are still at it. */
  #working: number;
  #failure: { error: unknown } | undefined;
  /** What the text breaks off with. */
  #textFailure: { error: unknown } | undefined;
  #stopped = false;
  #wake: (() => void) | undefined;
  /** UTF-16 units of the text that the worker has not taken. */
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

  /** The next chunk; none at the end. */
  async next(): Promise<Chunk | undefined> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#to.taken();
        return chunk;
      }
      // Where the text broke off before anything was said, the worker has found it to be empty.
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

  /** Hands a piece of the text over; false once nobody takes it. Waits until there is room. */
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

  /** Has what was handed over spoken. */
  flush(): void {
    if (!this.isOver) {
      this.#to.flush();
    }
  }

  /** The text is over; or it breaks off with `failure`, which is thrown when what came before is spoken. */
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

  /** Has the workers stop; they do within a call of a component. */
  stop(): void {
    if (!this.#stopped) {
      this.#stopped = true;
      this.#to.stop();
      this.#room?.();
    }
  }

  /** No worker will answer any more. */
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
