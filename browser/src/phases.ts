/** Progress of single files, summed by their purpose. */

import type { Progress, Purpose } from "./loading/bundle.js";
import type { ProgressEvent } from "./options.js";

type FileProgress = Extract<Progress, { kind: "file" }>;

export class ProgressByPhase {
  readonly #listen: (event: ProgressEvent) => void;
  readonly #files = new Map<Purpose, Map<string, FileProgress>>();

  constructor(listen: (event: ProgressEvent) => void) {
    this.#listen = listen;
  }

  hear(progress: FileProgress): void {
    const { purpose, file: name, loaded, total, source } = progress;
    const files = this.#files.get(purpose) ?? new Map<string, FileProgress>();
    this.#files.set(purpose, files.set(name, progress));
    const sum = (of: (file: FileProgress) => number) => [...files.values()].reduce((sum, file) => sum + of(file), 0);
    this.#listen({
      phase: purpose,
      loaded: sum((file) => file.loaded),
      total: sum((file) => file.total),
      file: { name, loaded, total, source },
    });
  }
}
