/** Speech, and the chunks it comes in. */

import { typedArray, wasMoved } from "./checks/brands.js";
import { checked, checkedOptions, type Rule } from "./checks/check.js";
import { guard } from "./checks/guard.js";
import { mediaType, sampleRate as rate, tags as aTags, wavFormat } from "./checks/rules.js";
import { PocketTTSError } from "./errors.js";
import type { Word } from "../wasm/simd/pocket_onnx.js";
import { encode, type MediaType, type Tags } from "./sound-file.js";
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
  readonly #tags: Tags;

  static {
    guard(this, "Speech", "`await tts.generate(text)`", (value) => #tags in value);
  }

  /** `tags` are the tags of the speech's files. */
  constructor(parts: readonly Float32Array[], sampleRate: number, statistics: Statistics, tags: Tags = {}) {
    this.#tags = checkedOptions(tags, aTags);
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
    return wav(this.#samples(), this.sampleRate, format);
  }

  /** A WAV file, as a blob. */
  toBlob(format?: WavFormat): Blob;
  /**
   * A file of this media type, as a blob. FLAC, Opus and MP3 files are encoded in a worker, which fetches the
   * encoders first. They have tags: the beginning of the text, the voice, the model, and that the speech is
   * synthetic.
   */
  toBlob(type: MediaType): Promise<Blob>;
  toBlob(format: WavFormat | MediaType = "i16"): Blob | Promise<Blob> {
    if (typeof format === "string" && format.startsWith("audio/")) {
      return this.#file(format);
    }
    checked("Options", "the format of a file", format, FILE_FORMAT);
    return new Blob([this.toWav(format as WavFormat)], { type: WAV });
  }

  async #file(format: string): Promise<Blob> {
    const type = checked("Options", "the format of a file", format, FILE_FORMAT) as MediaType;
    const bytes = type === WAV ? this.toWav() : await encode(type, this.#samples(), this.sampleRate, this.#tags);
    return new Blob([bytes], { type });
  }

  #samples(): Float32Array<ArrayBuffer> {
    if (wasMoved(this.audio)) {
      const help = "transfer a copy of `audio` instead, or make the file before";
      throw new PocketTTSError("Audio", `the samples of this speech were transferred: ${help}`);
    }
    return this.audio;
  }
}

const WAV = "audio/wav";

const FILE_FORMAT: Rule<WavFormat | MediaType> = {
  expected: `${wavFormat.expected} (WAV), or a media type: ${mediaType.expected}`,
  fits: (value) => wavFormat.fits(value) || mediaType.fits(value),
};

const PARTS: Rule<readonly Float32Array[]> = {
  expected: "an array of Float32Arrays",
  fits: (value) => Array.isArray(value) && Array.from(value).every((part) => typedArray(part) === "Float32Array"),
};
