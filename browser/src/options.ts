/** Options of loading and of speaking. */

// This file's declarations import those of the wasm module, which mention `Symbol.dispose`.
/// <reference lib="esnext.disposable" preserve="true" />

import type { RecordingNotice, SpeechNotice, SpeechOptions } from "../wasm/simd/pocket_onnx.js";
import type { Language } from "./languages.js";
import type { Purpose } from "./loading/bundle.js";
import type { WeightFormat } from "./manifest.js";
import type { Player, PlayerNotice } from "./player/index.js";
import type { Voice } from "./voice.js";
import type { Backend } from "./backend.js";

export type { Backend } from "./backend.js";

/**
 * Progress of loading. `loaded / total` never falls within a phase, and is 1 at its end; each voice is a phase of its
 * own.
 */
export interface ProgressEvent {
  /** What the files are for: to speak (`model`), to speak with a voice, or to clone one (`encoder`). */
  phase: Purpose;
  /** Bytes so far, summed over the files of this phase. */
  loaded: number;
  /** Sizes of these files, summed: the same in all events of a phase. */
  total: number;
  /** The file that this event is about. */
  file: { name: string; loaded: number; total: number; source: "network" | "cache" };
}

/** Something that a visitor may want to know, and that stops nothing. */
export interface Notice {
  /**
   * - `quota`: the browser has no room to store a file;
   * - `damaged`: a file was damaged, and is fetched again;
   * - `pause-marker`: what looks like a pause is spoken as words;
   * - `no-words`: the text has no words (`...`, an emoji), so a short silence is all that is heard;
   * - `unknown-letters`: the model's vocabulary does not have some letters, as those of other scripts;
   * - `waiting`: a request waits for a stream that nobody reads;
   * - `steps`: the model's sampler takes fewer steps than were asked for;
   * - `suspended`: what `speak` says is not heard, because the page's AudioContext does not run;
   * - the others say why a recording may make a poor voice, that only its beginning is used, or that the model
   *   speaks in its own voices only.
   */
  kind: "quota" | "damaged" | "waiting" | SpeechNotice["kind"] | RecordingNotice["kind"] | PlayerNotice["kind"];
  message: string;
}

/** How a model is loaded. */
export interface LoadOptions {
  /**
   * What runs the components: `engine` is fast and small; `onnxruntime` is ONNX Runtime Web, which runs the
   * bundle's graphs. Default: `engine`.
   */
  backend?: Backend | undefined;
  /**
   * The weight format that the bundle's backbone must have. A bundle has one format, chosen when it is
   * converted: a bundle of another format is refused, before weights are fetched. Default: any.
   */
  dtype?: WeightFormat | undefined;
  /** Where the components run. `webgpu` is refused, since no backend here uses the GPU. Default: `wasm`. */
  device?: "wasm" | "webgpu" | undefined;
  /**
   * Threads that work: with 2 or more the decoder has a worker of its own. Default: in a cross-origin
   * isolated page as many as help (2 for `engine`, up to 4 for `onnxruntime`), else 1.
   */
  threads?: number | undefined;
  /** Called as files arrive. */
  onProgress?: ((event: ProgressEvent) => void) | undefined;
  /** Called with what a visitor may want to know. */
  onNotice?: ((notice: Notice) => void) | undefined;
  /** Ends loading. */
  signal?: AbortSignal | undefined;
}

/** How a text is spoken. Options that are left out have the model's values. */
export interface SpeakOptions extends SpeechOptions {
  /** A voice of the bundle, by its name, or a voice that was loaded. Default: the bundle's first. */
  voice?: string | Voice | undefined;
  /**
   * Whether numbers, dates, money, abbreviations and signs are rewritten as words: in the model's language,
   * or in the one named, such as `"german"`. Default: true if the model's vocabulary has no digits, else
   * false.
   */
  normalize?: boolean | Language | undefined;
  /**
   * Words, and how they are spoken: `{ SQL: "sequel" }`, or lines `SQL = sequel`. A word in lower case
   * matches in any case, one with a capital letter only as written. Default: none.
   */
  replacements?: Readonly<Record<string, string>> | string | undefined;
  /**
   * For a text that arrives in pieces: after this many seconds without new text, an unfinished sentence is
   * spoken; with `Infinity` only `TextStream.flush` does that. A whole sentence waits for the next for 0.2 s
   * at most. Default: 1.
   */
  flushAfter?: number | undefined;
  /** Ends speaking. */
  signal?: AbortSignal | undefined;
}

/** How a text is spoken aloud. */
export interface PlayOptions extends SpeakOptions {
  /** The player to play in. Default: a new one. */
  player?: Player | undefined;
}
