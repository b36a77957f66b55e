/** The decoder's half of an utterance: from events with latents to chunks of sound. */

import type { Decoding, SpeechEvent, Word } from "../../wasm/simd/pocket_onnx.js";
import { type Timings, time } from "../statistics.js";
import type { Tensors } from "../tensor.js";
import type { Stream } from "./runtime.js";

/** A piece of sound. */
export interface Chunk {
  samples: Float32Array<ArrayBuffer>;
  /** The group of sentences being spoken; empty in a pause. */
  text: string;
  /** Where it begins and ends in the given text, in UTF-16 units. */
  from: number;
  to: number;
  /** The words that end in this chunk, if they were asked for. */
  words: Word[];
  /** Whether the text was cut off here because no end of speech was found. */
  cut: boolean;
}

export class Decoder {
  readonly #decoding: Decoding;
  readonly #stream: Stream;
  /** Longest run of silence in one chunk, in samples, so that long pauses need little memory. */
  readonly #silence: number;
  #said = { text: "", from: 0, to: 0 };
  /** Whether the other worker says what is to be decoded, and when. */
  readonly #isShared: boolean;
  readonly #timings: Timings;

  constructor(decoding: Decoding, stream: Stream, isShared: boolean, sampleRate: number, timings: Timings) {
    this.#decoding = decoding;
    this.#stream = stream;
    this.#isShared = isShared;
    this.#silence = sampleRate;
    this.#timings = timings;
  }

  /** Turns an event into chunks; `hidden` comes with it if the decoder is shared. */
  async *take(event: SpeechEvent, hidden: Tensors | undefined): AsyncGenerator<Chunk, void> {
    switch (event.kind) {
      case "begin":
        this.#stream.reset();
        this.#decoding.begin(event.words);
        this.#said = { text: event.text, from: event.from, to: event.to };
        break;
      case "scores":
        this.#decoding.scores(event.values);
        break;
      case "latent": {
        const samples = await this.#decode(this.#isShared ? hidden : this.#decoding.latent(event.values)?.inputs);
        const words = this.#decoding.words();
        if (samples.length > 0 || words.length > 0) {
          yield { samples, ...this.#said, words, cut: false };
        }
        break;
      }
      case "end": {
        const rest = await this.#decode(this.#isShared ? hidden : this.#decoding.rest()?.inputs);
        // At speed 1 no samples are withheld.
        const withheld = this.#decoding.end() as Float32Array<ArrayBuffer>;
        const samples = withheld.length === 0 ? rest : joined(rest, withheld);
        const words = this.#decoding.words();
        if (samples.length > 0 || event.cut || words.length > 0) {
          yield { samples, ...this.#said, words, cut: event.cut };
        }
        break;
      }
      case "silence":
        for (let left = this.#decoding.silence(event.samples); left > 0; left -= this.#silence) {
          const samples = new Float32Array(Math.min(left, this.#silence));
          yield { samples, text: "", from: this.#said.to, to: this.#said.to, words: [], cut: false };
        }
        break;
    }
  }

  /** Frees the memory of the utterance. */
  free(): void {
    this.#decoding.free();
  }

  async #decode(inputs: Tensors | undefined): Promise<Float32Array<ArrayBuffer>> {
    if (inputs === undefined) {
      return new Float32Array();
    }
    const start = performance.now();
    const outputs = await this.#stream.run(inputs);
    // Where the decoder is shared, the other worker counts the frames.
    time(this.#timings, "mimi_decoder", start, inputs["latents"]?.shape[1] ?? 0);
    return this.#decoding.audio(outputs) as Float32Array<ArrayBuffer>;
  }
}

function joined(first: Float32Array, second: Float32Array): Float32Array<ArrayBuffer> {
  const both = new Float32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
