/** One worker, as the page sees it, and the tasks that it was given. */

import { fromFailure, PocketTTSError } from "./errors.js";
import { platform, type WorkerLink } from "./platform/platform.js";
import type { Request, Response, Results, Task } from "./worker/messages.js";

/** A task without its number. */
type Unnumbered<T> = T extends Task ? Omit<T, "id"> : never;

/** What settles the promise of a task. */
interface Waiting {
  resolve(result: Results[keyof Results]): void;
  reject(error: unknown): void;
}

export class WorkerHandle {
  readonly #worker: WorkerLink<Request>;
  readonly #waiting = new Map<number, Waiting>();
  #count = 0;
  /** Tasks and utterances that are not over. */
  #work = 0;
  /** Bytes of its wasm module's memory, as it last told. */
  memory = 0;

  constructor(name: string, hear: (response: Response) => void, failed: (error: Error) => void) {
    const fail = (why: string) => {
      const worker = name === "whole" ? "worker" : `${name} worker`;
      const error = new PocketTTSError("Worker", `the ${worker} has failed, so load the model again: ${why}`);
      this.end(error);
      failed(error);
    };
    this.#worker = platform().startWorker<Request, Response>("speech", name, {
      hear: (response) => {
        const failure = response.type === "failed" || response.type === "over" ? response.failure : undefined;
        if (failure?.kind === "Worker") {
          fail(failure.message);
        } else if (response.type === "done") {
          this.#settled(response.id)?.resolve(response.result);
        } else if (response.type === "failed") {
          this.#settled(response.id)?.reject(fromFailure(response.failure));
        } else {
          if (response.type === "over") {
            this.memory = response.memory;
          }
          hear(response);
        }
      },
      failed: (why = "its script cannot be loaded") => fail(why),
    });
  }

  /** Begins work for which a program has to wait. */
  hold(): void {
    this.#work += 1;
    this.#worker.hold(true);
  }

  /** Ends work that `hold` began. */
  release(): void {
    this.#work -= 1;
    if (this.#work === 0) {
      this.#worker.hold(false);
    }
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
    this.hold();
    this.#worker.post({ ...task, id }, transfer);
    return result as Promise<Results[T]>;
  }

  /** What waits for a task that is over. */
  #settled(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    this.release();
    return waiting;
  }

  tell(request: Request): void {
    this.#worker.post(request, []);
  }

  /** Terminates it. Its unfinished tasks fail with `error`, which may be a signal's reason. */
  end(error: unknown): void {
    this.#worker.end();
    for (const { reject } of this.#waiting.values()) {
      reject(error);
    }
    this.#waiting.clear();
  }
}
