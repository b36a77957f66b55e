/** One worker, as the page sees it, and the tasks that it was given. */

import { fromFailure, PocketTTSError } from "./errors.js";
import type { Request, Response, Results, Task } from "./worker/messages.js";

/** A task without its number. */
type Unnumbered<T> = T extends Task ? Omit<T, "id"> : never;

/** What settles the promise of a task. */
interface Waiting {
  resolve(result: Results[keyof Results]): void;
  reject(error: unknown): void;
}

export class WorkerHandle {
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
