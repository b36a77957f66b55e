/** The model in memory, which stays loaded until another one is requested. */

import { PocketTTS } from "pocket-onnx";
import type { LoadedModel } from "../messages.js";

interface Held {
  bundle: string | undefined;
  tts: Promise<PocketTTS>;
  abort: AbortController;
  /** Resolves when the last utterance that asked for it is over. */
  spoken: Promise<void>;
}

/** Bytes so far, and in all. */
export type HearProgress = (phase: string, loaded: number, total: number) => void;

export class Models {
  readonly #progress: HearProgress;
  #held: Held | undefined;

  constructor(progress: HearProgress) {
    this.#progress = progress;
  }

  /** The model of this bundle, or the included one. Frees another model, once its utterance is over. */
  get(bundle: string | undefined): Promise<PocketTTS> {
    if (this.#held !== undefined && this.#held.bundle === bundle) return this.#held.tts;
    this.#drop();
    const abort = new AbortController();
    const tts = PocketTTS.fromPretrained(bundle, {
      // Two workers do not need an isolated page.
      threads: Math.min(2, navigator.hardwareConcurrency),
      signal: abort.signal,
      onProgress: ({ phase, loaded, total }) => this.#progress(phase, loaded, total),
    });
    const held: Held = { bundle, tts, abort, spoken: Promise.resolve() };
    this.#held = held;
    const forget = () => {
      if (this.#held === held) this.#held = undefined;
    };
    tts.then(
      // A worker may fail later.
      ({ ended }) => ended.addEventListener("abort", forget),
      // A failed load can be tried again.
      forget,
    );
    return tts;
  }

  /** Keeps the model that was asked for last, or its loading, until an utterance is over. */
  keep(utterance: Promise<void>): void {
    if (this.#held !== undefined) this.#held.spoken = utterance;
  }

  #drop(): void {
    const held = this.#held;
    this.#held = undefined;
    held?.spoken
      .then(() => held.abort.abort())
      .then(() => held.tts)
      .then((tts) => tts.dispose())
      .catch(() => {});
  }
}

/** The description of a model. */
export function about(tts: PocketTTS): LoadedModel {
  const { variant, language } = tts;
  return { variant, language, voices: tts.listVoices() };
}
