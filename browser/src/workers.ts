/** The workers of a model, as the page sees them. */

import type { Backend } from "./backend.js";
import { PocketTTSError } from "./errors.js";
import type { Bundle } from "./loading/address.js";
import type { Progress } from "./loading/bundle.js";
import type { Compiled } from "./loading/module.js";
import type { WeightFormat } from "./manifest.js";
import { UtteranceStream } from "./utterance-stream.js";
import type { Request, Response, Role } from "./worker/messages.js";
import { WorkerHandle } from "./worker-handle.js";

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
      count === 1
        ? [["whole", undefined]]
        : [
            ["backbone", port1],
            ["decoder", port2],
          ];
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
  speak(
    request: Omit<Extract<Request, { type: "speak" }>, "type" | "utterance">,
    stalled: () => void,
  ): UtteranceStream {
    const utterance = ++this.#utterances;
    const { first } = this;
    this.#spoken = new UtteranceStream(this.#handles.length, {
      taken: (count) => this.#handles.at(-1)?.tell({ type: "taken", utterance, count }),
      hold: (isHeld) => this.#handles.forEach((handle) => (isHeld ? handle.hold() : handle.release())),
      stalled,
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

  /** Another request waits for the utterance that is being spoken. */
  hurry(): void {
    this.#spoken?.hurry();
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
    if (
      response.type !== "done" &&
      response.type !== "failed" &&
      response.type !== "progress" &&
      response.utterance === this.#utterances
    ) {
      this.#spoken?.hear(response);
    }
  }
}
