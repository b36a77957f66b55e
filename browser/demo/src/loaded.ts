/** The model in memory: loaded once, when it is first needed. */

import { bundleUrl, type Model } from "./models.js";
import { advise } from "./problems.js";
import type { Progress } from "./progress.js";
import { type Backend, PocketTTS } from "./tts.js";

interface Held {
  url: string | undefined;
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

  /** The model, on this backend. A different one is disposed of. */
  get(model: Model, backend: Backend): Promise<PocketTTS> {
    const url = bundleUrl(model);
    const held = this.#held;
    if (held !== undefined && held.url === url && held.backend === backend) return held.tts;
    this.drop();
    const abort = new AbortController();
    const tts = PocketTTS.fromPretrained(url, {
      backend,
      signal: abort.signal,
      onProgress: (event) => this.#progress.show(event),
      onNotice: advise,
    });
    const loading: Held = { url, backend, tts, abort };
    this.#held = loading;
    tts.catch(() => {
      this.#progress.clear();
      // A failed load can be tried again.
      if (this.#held === loading) this.#held = undefined;
    });
    return tts;
  }

  /** Frees the model, or stops loading it. */
  drop(): void {
    const held = this.#held;
    this.#held = undefined;
    held?.abort.abort();
    // Waiters have been told; nobody waits for its end.
    held?.tts.then((tts) => tts.dispose()).catch(() => {});
  }
}
