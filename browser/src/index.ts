/** Private, streaming, offline speech in a web page. */

export { type ErrorKind, PocketTTSError } from "./errors.js";
export { readsNumbers, type Language } from "./languages.js";
export type { WeightFormat } from "./manifest.js";
export type {
  Backend,
  LoadOptions,
  Notice,
  PlayOptions,
  ProgressEvent,
  SpeakOptions,
} from "./options.js";
export { type Mark, Player, type PlayerNotice, type PlayerOptions, type PlayerState } from "./player/index.js";
export { PocketTTS } from "./pocket-tts.js";
export type { FileBytes, SampleValues } from "./checks/data.js";
export type { Recording } from "./recording.js";
export type { MediaType, Tags } from "./sound-file.js";
export { Speech, type SpeechChunk } from "./speech.js";
export type { Word } from "../wasm/simd/pocket_onnx.js";
export type { RuntimeInfo, Statistics, Timing, Timings } from "./statistics.js";
export { type TextSource, TextStream } from "./text-stream.js";
export type { Voice } from "./voice.js";
export type { WavFormat } from "./wav.js";
