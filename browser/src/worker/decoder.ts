/** The decoder's half of an utterance: from latents to chunks of sound. */

import type { Call, Decoding, Sound, Word } from "../../wasm/simd/pocket_onnx.js";
import { type Timings, time } from "../statistics.js";
import type { Stream } from "./runtime.js";

/** A piece of sound. */
export interface Chunk {
  samples: Float32Array<ArrayBuffer>;
  /** The text that sounds; empty in a pause. */
  text: string;
  /** Where that stands in the text that was given, in UTF-16 units. */
  from: number;
  to: number;
  /** The words that end in it, where they are asked for. */
  words: Word[];
  /** Whether this text was cut off here because the end of speech did not come. */
  cut: boolean;
}

export class Decoder {
  readonly #decoding: Decoding;
  readonly #stream: Stream;
  /** Longest stretch of silence in one chunk, in samples: pauses take no memory. */
  readonly #silence: number;
  #said = { text: "", from: 0, to: 0 };
  readonly #timings: Timings;

  constructor(decoding: Decoding, stream: Stream, sampleRate: number, timings: Timings) {
    this.#decoding = decoding;
    this.#stream = stream;
    this.#silence = sampleRate;
    this.#timings = timings;
  }

  /** Turns a piece into chunks. */
  async *take(sound: Sound): AsyncGenerator<Chunk, void> {
    switch (sound.kind) {
      case "begin":
        this.#stream.reset();
        this.#decoding.begin(sound.words);
        this.#said = { text: sound.text, from: sound.from, to: sound.to };
        break;
      case "scores":
        this.#decoding.scores(sound.values);
        break;
      case "latent": {
        const call = this.#decoding.latent(sound.values);
        const samples = call === undefined ? new Float32Array() : await this.#decode(call);
        const words = this.#decoding.words();
        if (samples.length > 0 || words.length > 0) {
          yield { samples, ...this.#said, words, cut: false };
        }
        break;
      }
      case "end": {
        const call = this.#decoding.rest();
        const rest = call === undefined ? new Float32Array() : await this.#decode(call);
        // Nothing is held back at speed 1.
        const held = this.#decoding.end() as Float32Array<ArrayBuffer>;
        const samples = held.length === 0 ? rest : joined(rest, held);
        const words = this.#decoding.words();
        if (samples.length > 0 || sound.cut || words.length > 0) {
          yield { samples, ...this.#said, words, cut: sound.cut };
        }
        break;
      }
      case "silence":
        for (let left = this.#decoding.silence(sound.samples); left > 0; left -= this.#silence) {
          const samples = new Float32Array(Math.min(left, this.#silence));
          yield { samples, text: "", from: this.#said.to, to: this.#said.to, words: [], cut: false };
        }
        break;
    }
  }

  /** Lets go of what the utterance holds. */
  free(): void {
    this.#decoding.free();
  }

  async #decode({ component, inputs }: Call): Promise<Float32Array<ArrayBuffer>> {
    const start = performance.now();
    const outputs = await this.#stream.run(inputs);
    time(this.#timings, component, start, inputs["latents"]?.shape[1]);
    return this.#decoding.audio(outputs) as Float32Array<ArrayBuffer>;
  }
}

function joined(first: Float32Array, second: Float32Array): Float32Array<ArrayBuffer> {
  const both = new Float32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
