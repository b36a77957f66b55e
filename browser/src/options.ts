/** What can be asked for. */

// Declarations of the wasm module, which this file's lead to, mention `Symbol.dispose`.
/// <reference lib="esnext.disposable" preserve="true" />

import type { RecordingNotice, SpeechNotice, SpeechOptions } from "../wasm/simd/pocket_onnx.js";
import type { Language } from "./languages.js";
import type { Purpose } from "./loading/bundle.js";
import type { WeightFormat } from "./manifest.js";
import type { Player } from "./player/index.js";
import type { Voice } from "./voice.js";
import type { Backend } from "./worker/messages.js";

export type { Backend } from "./worker/messages.js";

/** How loading goes on. */
export interface ProgressEvent {
  /** What the files are for: to speak, to speak with a voice, or to clone one. */
  phase: Purpose;
  /** Bytes so far, of all files of this phase that are under way or there. */
  loaded: number;
  total: number;
  /** The file that has come further. */
  file: { name: string; loaded: number; total: number; source: "network" | "cache" };
}

/** Something that a visitor may want to know, and that stops nothing. */
export interface Notice {
  /**
   * - `quota`: the browser has no room to keep a file;
   * - `damaged`: a file was damaged, and is fetched again;
   * - `pause-marker`: what looks like a pause is spoken as words;
   * - `steps`: more steps were asked for than the model's sampler takes;
   * - the others tell what may make a poor voice of a recording, or that only its beginning is used.
   */
  kind: "quota" | "damaged" | SpeechNotice["kind"] | RecordingNotice["kind"];
  message: string;
}

/** How a model is loaded. */
export interface LoadOptions {
  /**
   * What runs the components: `engine`, unless given, is fast and small; `onnxruntime` is ONNX
   * Runtime Web, which runs the bundle's graphs.
   */
  backend?: Backend | undefined;
  /**
   * How the weights of the bundle's backbone have to be stored; any way unless given. A bundle has
   * one format, chosen when it is converted: another one than this is refused, before weights are
   * fetched.
   */
  dtype?: WeightFormat | undefined;
  /** Where they run. `webgpu` is refused: see the README. */
  device?: "wasm" | "webgpu" | undefined;
  /**
   * Threads that work: from 2 on the decoder has a worker of its own. Unless given, as many as
   * pay in a cross-origin isolated page, else 1.
   */
  threads?: number | undefined;
  /** Hears how loading goes on. */
  onProgress?: ((event: ProgressEvent) => void) | undefined;
  /** Hears what a visitor may want to know. */
  onNotice?: ((notice: Notice) => void) | undefined;
  /** Ends loading. */
  signal?: AbortSignal | undefined;
}

/** How a text is spoken. What is not given is the model's own. */
export interface SpeakOptions extends SpeechOptions {
  /** A voice of the bundle, or one that was loaded; the bundle's first unless given. */
  voice?: string | Voice | undefined;
  /**
   * Whether numbers, dates, money, abbreviations and signs are put into words: in the model's language,
   * or in the one named, such as `"german"`. Unless given, where the model's vocabulary has no digits.
   */
  normalize?: boolean | Language | undefined;
  /**
   * Words, and how they are spoken: `{ SQL: "sequel" }`, or lines `SQL = sequel`. A word in lower case
   * is found in any case, one with a capital as it stands.
   */
  replacements?: Readonly<Record<string, string>> | string | undefined;
  /**
   * Of a text that arrives in pieces: seconds in which nothing comes before an unfinished sentence is
   * spoken, 1 unless given; `Infinity` leaves it to `TextStream.flush`. A whole sentence waits for the
   * next for 0.2 s at most.
   */
  flushAfter?: number | undefined;
  /** Ends speaking. */
  signal?: AbortSignal | undefined;
}

/** How a text is spoken aloud. */
export interface PlayOptions extends SpeakOptions {
  /** What plays; a new player unless given. */
  player?: Player | undefined;
}
