/** Sound in a file or a pipe, as it is made. */

import type { SoundEncoder } from "../../wasm/encode/pocket_onnx_encode.js";
import { failure, fromFailure } from "../errors.js";
import type { Tags } from "../sound-file.js";
import type { SpeechChunk } from "../speech.js";
import type { Encoders } from "../worker/encoders.js";
import type { Output } from "./output.js";

/** Encodes chunks and writes them. `finish` puts a file into its place; `abandon` deletes it. */
export class SoundOutput {
  readonly #encoders: Encoders;
  readonly #output: Output;
  readonly #format: string;
  readonly #sampleRate: number;
  readonly #tags: Tags;
  /** Undefined until the first chunk, whose text is the title. */
  #encoder: SoundEncoder | undefined;
  samples = 0;
  /** Largest magnitude. */
  peak = 0;
  /** Chunks of text in which no end of speech was found. */
  cut = 0;

  /** `tags` has no text: that is the first chunk's. */
  constructor(encoders: Encoders, output: Output, format: string, sampleRate: number, tags: Omit<Tags, "text">) {
    this.#encoders = encoders;
    this.#output = output;
    this.#format = format;
    this.#sampleRate = sampleRate;
    this.#tags = tags;
  }

  get canSeek(): boolean {
    return this.#output.canSeek;
  }

  /** Writes a chunk. Returns false once the reader of a pipe has closed it. */
  async write({ audio, text, cut }: Pick<SpeechChunk, "audio" | "text" | "cut">): Promise<boolean> {
    const bytes = encoding(() => {
      this.#encoder ??= this.#begin(text);
      return this.#encoder.push(audio);
    });
    this.samples += audio.length;
    for (const sample of audio) {
      this.peak = Math.max(this.peak, Math.abs(sample));
    }
    this.cut += cut ? 1 : 0;
    return this.#output.write(bytes);
  }

  /** Completes the header, and puts the file into its place. */
  async finish(): Promise<void> {
    const end = encoding(() => (this.#encoder ?? this.#begin("")).finish());
    const { bytes, offset, replacement } = end;
    if (await this.#output.write(bytes)) {
      if (this.canSeek && offset !== undefined && replacement !== undefined) {
        await this.#output.patch(offset, replacement);
      }
    }
    await this.#output.finish();
  }

  async abandon(): Promise<void> {
    await this.#output.abandon();
  }

  #begin(text: string): SoundEncoder {
    const { voice, model } = this.#tags;
    return new this.#encoders.SoundEncoder(this.#format, this.#sampleRate, this.canSeek, text, voice, model);
  }
}

/** Errors of the module become those of the package. */
export function encoding<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw fromFailure(failure(error));
  }
}
