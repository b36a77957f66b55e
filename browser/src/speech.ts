/** Speech, and the chunks it comes in. */

import { typedArray, wasMoved } from "./checks/brands.js";
import { checked, type Rule } from "./checks/check.js";
import { sampleRate as rate, wavFormat } from "./checks/rules.js";
import { PocketTTSError } from "./errors.js";
import type { Word } from "../wasm/simd/pocket_onnx.js";
import type { Statistics } from "./statistics.js";
import { type WavFormat, wav } from "./wav.js";

/**
 * A piece of sound: one or a few frames of 80 ms (the first chunk of an utterance is a single one), or a part of a
 * pause.
 */
export interface SpeechChunk {
  /** Samples, mostly from -1 to 1. */
  audio: Float32Array<ArrayBuffer>;
  /** Samples per second. */
  sampleRate: number;
  /** The group of sentences being spoken, of which this is a part; empty in a pause. */
  text: string;
  /** Where they begin in the given text: `given.slice(from, to)` is the text as written. */
  from: number;
  /** Where they end; equal to `from` in a pause. */
  to: number;
  /** The words that end in it, if the option `words` is set. */
  words: Word[];
  /** Whether the text was cut off here because no end of speech was found. */
  cut: boolean;
  /** Figures so far. */
  statistics: Statistics;
}

/** A whole utterance. */
export class Speech {
  /** Samples, mostly from -1 to 1. */
  readonly audio: Float32Array<ArrayBuffer>;
  /** Samples per second. */
  readonly sampleRate: number;
  readonly statistics: Statistics;

  constructor(parts: readonly Float32Array[], sampleRate: number, statistics: Statistics) {
    checked("Audio", "the parts of a speech", parts, PARTS);
    checked("Audio", "sampleRate", sampleRate, rate);
    this.audio = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of parts) {
      this.audio.set(part, at);
      at += part.length;
    }
    this.sampleRate = sampleRate;
    this.statistics = statistics;
  }

  /** The bytes of a WAV file. */
  toWav(format: WavFormat = "i16"): Uint8Array<ArrayBuffer> {
    checked("Options", "the format of a WAV file", format, wavFormat);
    if (wasMoved(this.audio)) {
      const help = "transfer a copy of `audio` instead, or make the file before";
      throw new PocketTTSError("Audio", `the samples of this speech were transferred: ${help}`);
    }
    return wav(this.audio, this.sampleRate, format);
  }

  /** A WAV file, as a blob. */
  toBlob(format: WavFormat = "i16"): Blob {
    return new Blob([this.toWav(format)], { type: "audio/wav" });
  }
}

const PARTS: Rule<readonly Float32Array[]> = {
  expected: "an array of Float32Arrays",
  fits: (value) => Array.isArray(value) && Array.from(value).every((part) => typedArray(part) === "Float32Array"),
};
