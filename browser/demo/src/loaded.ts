/** The model in memory: loaded once, when it is first needed. */

import { bundleUrl, type Model } from "./models.js";
import { advise } from "./problems.js";
import type { Progress } from "./progress.js";
import { type Backend, PocketTTS } from "./tts.js";

interface LoadedModel {
  url: string | undefined;
  backend: Backend;
  tts: Promise<PocketTTS>;
  abort: AbortController;
}

export class Loaded {
  readonly #begun = Promise.withResolvers<void>();
  #current: LoadedModel | undefined;
  readonly #progress: Progress;

  constructor(progress: Progress) {
    this.#progress = progress;
  }

  /** Resolves when workers have begun to load a model. */
  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  /** Loads the model on this backend, unless it is loaded already; disposes of another one. */
  get(model: Model, backend: Backend): Promise<PocketTTS> {
    const url = bundleUrl(model);
    const current = this.#current;
    if (current !== undefined && current.url === url && current.backend === backend) return current.tts;
    this.drop();
    const abort = new AbortController();
    const tts = PocketTTS.fromPretrained(url, {
      backend,
      signal: abort.signal,
      onProgress: (event) => {
        this.#begun.resolve();
        this.#progress.show(event);
      },
      onNotice: advise,
    });
    const loading: LoadedModel = { url, backend, tts, abort };
    this.#current = loading;
    const forget = () => {
      if (this.#current === loading) this.#current = undefined;
    };
    tts.then(
      // A worker may fail later.
      ({ ended }) => ended.addEventListener("abort", forget),
      () => {
        this.#progress.clear();
        // A failed load can be tried again.
        forget();
      },
    );
    return tts;
  }

  /** Frees the model, or stops loading it. */
  drop(): void {
    const current = this.#current;
    this.#current = undefined;
    current?.abort.abort();
    // Whoever waits for the model gets the abort; nobody has to wait for its disposal.
    current?.tts.then((tts) => tts.dispose()).catch(() => {});
  }
}
