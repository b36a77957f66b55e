/** What the page and its workers say to each other. */

import type { RecordingNotice, SpeechEvent, SpeechOptions, Word } from "../../wasm/simd/pocket_onnx.js";
import type { Backend } from "../backend.js";
import type { Failure } from "../errors.js";
import type { Addresses, Progress } from "../loading/bundle.js";
import type { Compiled } from "../loading/module.js";
import type { WeightFormat } from "../manifest.js";
import type { Timings } from "../statistics.js";
import type { Tensors } from "../tensor.js";
import type { Tested } from "./module.js";

/** Which half of an utterance a worker works on, or `whole` if there is only one worker. */
export type Role = "whole" | "backbone" | "decoder";

/** What a worker opens. */
export interface Opening {
  type: "open";
  id: number;
  /** Where the bundle's files are. */
  addresses: Addresses;
  /** Text of the bundle's manifest. */
  manifest: string;
  backend: Backend;
  /** The weight format that the bundle must have, if that matters. */
  dtype: WeightFormat | undefined;
  /** Threads that this worker's runtime may use. */
  threads: number;
  role: Role;
  /** The other half's worker, if there is one. */
  peer: MessagePort | undefined;
}

/** Where a voice comes from. */
export type VoiceSource =
  | { from: "bundle"; name: string | undefined }
  | { from: "file"; file: ArrayBuffer }
  /** A WAV file, or the beginning of another file. */
  | { from: "wav"; file: ArrayBuffer }
  /** The samples of each channel. */
  | { from: "recording"; channels: Float32Array<ArrayBuffer>[]; sampleRate: number };

/** Work that is answered once, by `done` or `failed` with its `id`. */
export type Task =
  | Opening
  | { type: "load-voice"; id: number; voice: number; source: VoiceSource }
  | { type: "prepare-voice"; id: number; voice: number }
  | { type: "export-voice"; id: number; voice: number; half: boolean };

/** How a text is rewritten before it is spoken. */
export interface Rewriting {
  /** Whether numbers become words, or in which language. Default: if the vocabulary has no digits. */
  normalize: boolean | string | undefined;
  /** The lines of a pronunciation list, or words and their spoken forms. */
  replacements: string | readonly (readonly [string, string])[] | undefined;
}

/** From the page to a worker. */
export type Request =
  | Task
  /** The wasm module, which is compiled while the worker starts. */
  | { type: "module"; compiled: Compiled }
  | { type: "drop-voice"; voice: number }
  | {
      type: "speak";
      utterance: number;
      /** The text, unless it arrives in pieces. */
      text: string | undefined;
      /** Milliseconds of silence after which an unfinished sentence is spoken. */
      silence: number;
      options: SpeechOptions;
      rewriting: Rewriting;
      voice: number;
    }
  /**
   * For a text that arrives in pieces: a piece; "speak what has come"; its end (`isBroken` if its source
   * failed).
   */
  | { type: "text"; utterance: number; text: string }
  | { type: "flush"; utterance: number }
  | { type: "close"; utterance: number; isBroken: boolean }
  /** The page has room for so many chunks more. */
  | { type: "taken"; utterance: number; count: number }
  | { type: "stop"; utterance: number };

/** Results of tasks. */
export interface Results {
  /** `memory` is that of the wasm module, in bytes. */
  open: { cacheHit: boolean; instructions: string | undefined; memory: number };
  /** Undefined if the browser has to decode the recording first. */
  "load-voice": { positions: number; notices: RecordingNotice[] } | undefined;
  "prepare-voice": undefined;
  "export-voice": Uint8Array<ArrayBuffer>;
}

/** From a worker to the page. */
export type Response =
  | { type: "done"; id: number; result: Results[keyof Results] }
  | { type: "failed"; id: number; failure: Failure }
  | { type: "progress"; progress: Progress }
  /** This many UTF-16 units of a text that arrives in pieces were read. */
  | { type: "read"; utterance: number; units: number }
  | {
      type: "chunk";
      utterance: number;
      samples: Float32Array<ArrayBuffer>;
      text: string;
      from: number;
      to: number;
      words: Word[];
      cut: boolean;
      /** Milliseconds of this utterance that were spent on waiting for the page, or for text. */
      waited: number;
    }
  /** This utterance is over: it has been spoken or stopped, or has failed. */
  | {
      type: "over";
      utterance: number;
      timings: Timings;
      /** Bytes of the wasm module's memory, which never shrinks. */
      memory: number;
      failure: Failure | undefined;
    };

/** From the backbone's worker to the decoder's. */
export type ToDecoder =
  /** An utterance begins, with these options. */
  | { type: "begin"; utterance: number; options: SpeechOptions }
  /**
   * `hidden`: what to decode now, if the decoder is shared. `waited`: milliseconds so far that were spent on waiting
   * for text.
   */
  | { type: "event"; utterance: number; event: SpeechEvent; hidden: Tensors | undefined; waited: number }
  | { type: "end"; utterance: number };

/** From the decoder's worker to the backbone's. */
export type ToBackbone =
  /** While the bundle is opened: what the self-test found, if the engine runs. */
  | { type: "tested"; tested: Tested }
  /** While the bundle is opened: the weights of the first part, if the decoder is shared. */
  | { type: "weights"; buffer: ArrayBuffer }
  /** It has room for one event more. */
  | { type: "taken"; utterance: number };
