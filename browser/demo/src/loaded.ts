/** The model in memory: loaded when it is first needed, once. */

import { bundleUrl, type Model } from "./models.js";
import type { Progress } from "./progress.js";
import { PocketTTS } from "./tts.js";

export type Backend = "engine" | "onnxruntime";

interface Held {
  url: string;
  backend: Backend;
  tts: Promise<PocketTTS>;
  abort: AbortController;
}

export class Loaded {
  #held: Held | undefined;
  readonly #progress: Progress;

  constructor(progress: Progress) {
    this.#progress = progress;
  }

  /** The model, on this backend. Another one that was loaded is given up. */
  get(model: Model, backend: Backend): Promise<PocketTTS> {
    const url = bundleUrl(model);
    const held = this.#held;
    if (held?.url === url && held.backend === backend) return held.tts;
    void this.drop();
    const abort = new AbortController();
    const tts = PocketTTS.fromPretrained(url, {
      backend,
      signal: abort.signal,
      onProgress: ({ phase, loaded, total }) => this.#progress.show(phase, loaded, total),
    });
    const loading: Held = { url, backend, tts, abort };
    this.#held = loading;
    // What failed can be tried again.
    tts.then(
      () => this.#progress.clear(),
      () => {
        this.#progress.clear();
        if (this.#held === loading) this.#held = undefined;
      },
    );
    return tts;
  }

  /** Frees the model, or stops loading it. */
  async drop(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    held?.abort.abort();
    const tts = await held?.tts.catch(() => undefined);
    await tts?.dispose();
  }
}
