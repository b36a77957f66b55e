/** Progress of single files, summed by their purpose. */

import type { Backend } from "./backend.js";
import type { Progress, Purpose } from "./loading/bundle.js";
import { encoderFiles, modelFiles } from "./loading/needed.js";
import type { Manifest } from "./manifest.js";
import type { ProgressEvent } from "./options.js";

type FileProgress = Extract<Progress, { kind: "file" }>;
type Bytes = Pick<FileProgress, "loaded" | "total">;

/** Sums up progress so that `loaded / total` never falls within a phase. */
export class ProgressByPhase {
  readonly #listen: (event: ProgressEvent) => void;
  readonly #files: Record<Exclude<Purpose, "voice">, Map<string, Bytes>> = { model: new Map(), encoder: new Map() };
  /** Voices, each of which is a phase of its own. */
  readonly #voices = new Map<string, Bytes>();

  constructor(listen: (event: ProgressEvent) => void) {
    this.#listen = listen;
  }

  /** Notes which files will be loaded: their sizes count from the beginning. */
  expect(manifest: Manifest, backend: Backend): void {
    const expected = { model: modelFiles(manifest, backend, "whole"), encoder: encoderFiles(manifest, backend) };
    for (const [purpose, files] of Object.entries(expected)) {
      for (const { name, size } of files) {
        this.#files[purpose as keyof typeof expected].set(name, { loaded: 0, total: size });
      }
    }
  }

  hear({ purpose, file: name, loaded, total, source }: FileProgress): void {
    const known = purpose === "voice" ? this.#voices : this.#files[purpose];
    // Two workers may load the same file, and a damaged file is loaded twice.
    const most = Math.max(loaded, known.get(name)?.loaded ?? 0);
    known.set(name, { loaded: most, total });
    const files = purpose === "voice" ? [{ loaded: most, total }] : [...known.values()];
    this.#listen({
      phase: purpose,
      loaded: files.reduce((sum, file) => sum + file.loaded, 0),
      total: files.reduce((sum, file) => sum + file.total, 0),
      file: { name, loaded, total, source },
    });
  }
}
