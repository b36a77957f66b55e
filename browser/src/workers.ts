/** The workers of a model, as the page sees them. */

import { type Failure, fromFailure, PocketTTSError } from "./errors.js";
import type { Addresses, Progress } from "./loading/bundle.js";
import type { WeightFormat } from "./manifest.js";
import type { Timing, Timings } from "./statistics.js";
import type { Backend, Request, Response, Results, Role, Task } from "./worker/messages.js";

/** A piece of sound from a worker, and when it came. */
export type Chunk = Extract<Response, { type: "chunk" }> & { at: number };

/** A task without its number. */
type Unnumbered<T> = T extends Task ? Omit<T, "id"> : never;

/** What is to be opened. */
export interface Opening {
  addresses: Addresses;
  manifest: string;
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
class Hand {
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
  readonly #hands: Hand[] = [];
  #spoken: Spoken | undefined;
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
    opening: Opening,
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
    try {
      const opened = plan.map(([role, peer]) => {
        const hand = new Hand(
          role,
          (response) => (response.type === "progress" ? progress(response.progress) : workers.#hear(response)),
          (error) => workers.end(error),
        );
        workers.#hands.push(hand);
        const threads = Math.max(1, Math.floor(opening.threads / count));
        const task = { type: "open", ...opening, threads, role, peer } as const;
        return hand.do<"open">(task, peer === undefined ? [] : [peer]).then(({ cacheHit, instructions, memory }) => {
          workers.cacheHit &&= cacheHit;
          workers.instructions ??= instructions;
          hand.memory = memory;
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
    return this.#hands.length;
  }

  /** Bytes of memory of the wasm modules. */
  get memory(): number {
    return this.#hands.reduce((sum, hand) => sum + hand.memory, 0);
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
  get first(): Hand {
    this.checkAlive();
    const [first] = this.#hands;
    if (first === undefined) {
      throw new PocketTTSError("Disposed", "there are no workers");
    }
    return first;
  }

  /** Tells the first worker something, unless all work has ended. */
  tellFirst(request: Request): void {
    if (this.#failure === undefined) {
      this.#hands[0]?.tell(request);
    }
  }

  /** Starts an utterance; the one before has to be over. */
  speak(request: Omit<Extract<Request, { type: "speak" }>, "type" | "utterance">): Spoken {
    const utterance = ++this.#utterances;
    const { first } = this;
    this.#spoken = new Spoken(this.#hands.length, {
      taken: () => this.#hands.at(-1)?.tell({ type: "taken", utterance }),
      stop: () => {
        for (const hand of this.#hands) {
          hand.tell({ type: "stop", utterance });
        }
      },
    });
    first.tell({ type: "speak", utterance, ...request });
    return this.#spoken;
  }

  /** Ends all work with `error`, which may be anything: it is a signal's reason then. */
  end(error: unknown): void {
    this.#failure ??= { error };
    for (const hand of this.#hands) {
      hand.end(error);
    }
    this.#spoken?.fail(error);
    this.#ending.abort(error);
  }

  #hear(response: Response): void {
    if ((response.type === "chunk" || response.type === "over") && response.utterance === this.#utterances) {
      this.#spoken?.hear(response);
    }
  }
}

/** Chunks of one utterance, as they come from the workers. */
export class Spoken {
  readonly #to: { taken(): void; stop(): void };
  readonly #chunks: Chunk[] = [];
  /** Workers that are still at it. */
  #working: number;
  #failure: { error: unknown } | undefined;
  #stopped = false;
  #wake: (() => void) | undefined;
  readonly timings: Timings = {};
  /** Resolves when every worker is free again. */
  readonly over: Promise<void>;
  #resolveOver: () => void = () => {};

  constructor(workers: number, to: { taken(): void; stop(): void }) {
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
      if (this.#failure !== undefined) {
        throw this.#failure.error;
      }
      if (this.#working === 0) {
        return undefined;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Has the workers stop; they do within a call of a component. */
  stop(): void {
    if (!this.#stopped) {
      this.#stopped = true;
      this.#to.stop();
    }
  }

  /** No worker will answer any more. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#working = 0;
    this.#resolveOver();
    this.#wake?.();
  }

  hear(response: Extract<Response, { type: "chunk" | "over" }>): void {
    if (response.type === "chunk") {
      this.#chunks.push({ ...response, at: performance.now() });
    } else {
      this.#working -= 1;
      this.#add(response.timings);
      this.#failed(response.failure);
      if (this.#working === 0) {
        this.#resolveOver();
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
