/**
 * The decoder, shared by two workers.
 *
 * The decoder takes longer for a frame than the backbone, so with two workers the backbone's runs the first layers of
 * the codec's transformer as well, and hands on what they make of the latents. The frames that are decoded together
 * are the same as in one worker, and so are the samples.
 */

import type { Decoding, SpeechEvent } from "../../wasm/simd/pocket_onnx.js";
import type { BundledComponent, Manifest } from "../manifest.js";
import { type Timings, time } from "../statistics.js";
import { count, type Tensors } from "../tensor.js";
import type { FromDecoder } from "./from-decoder.js";
import type { Opening, ToBackbone } from "./messages.js";
import type { Stream } from "./runtime.js";

/**
 * How many times the decoder's weights, in q16, those of a backbone are that takes as long for a frame: none of the
 * decoder's work is moved then. With 6 layers they are 2 to 4 times as large, with 24 layers 11 or more.
 */
const EVEN = 7;
/** Paths of the transformer's layers. */
const LAYER = /^mimi\.decoder_transformer\.transformer\.layers\.(\d+)\./;

/** A worker's part of a shared decoder. */
export type DecoderPart = {
  /** Layers of the transformer in the first part. */
  layers: number;
} & (
  | { isFirst: true; weights: FromDecoder["weights"] }
  /** `peer` is the worker with the first part. */
  | { isFirst: false; peer: MessagePort }
);

/** What a worker runs of the decoder, unless that is all or nothing; `fromDecoder` if it runs the backbone. */
export function decoderPart(
  { backend, peer }: Opening,
  manifest: Manifest,
  fromDecoder: FromDecoder | undefined,
): DecoderPart | undefined {
  const { flow_lm: backbone, mimi_decoder: decoder } = manifest.components;
  if (backend !== "engine" || peer === undefined || backbone === undefined || decoder === undefined) {
    return undefined;
  }
  const layers = sharedLayers(decoder, backbone.data.size / sizeInQ16(decoder));
  if (layers === 0) {
    return undefined;
  }
  return fromDecoder === undefined
    ? { isFirst: false, layers, peer }
    : { isFirst: true, layers, weights: fromDecoder.weights };
}

/** Bytes of a decoder's weights in q16. In the other formats it takes about as long. */
function sizeInQ16({ parameters }: BundledComponent): number {
  const weights = parameters.map(({ kind, shape }) => (kind === "matrix" ? count(shape) : 0));
  return 2 * weights.reduce((a, b) => a + b, 0);
}

/** How many layers the backbone's worker takes, if it is so many times as large as the decoder. */
function sharedLayers({ parameters }: BundledComponent, size: number): number {
  const count = 1 + Math.max(-1, ...parameters.map(({ name }) => Number(LAYER.exec(name)?.[1] ?? -1)));
  return Math.round(count * Math.max(0, 1 - size / EVEN));
}

/** Bytes at the beginning of the decoder's data file that contain all parameters of the first part. */
function bytesOfFirst({ parameters }: BundledComponent, layers: number): number {
  const own = parameters.filter(({ name }) => {
    const layer = LAYER.exec(name)?.[1];
    return layer === undefined ? !/^mimi\.decoder(_transformer\.output_projs)?\./.test(name) : Number(layer) < layers;
  });
  const extents = own.flatMap(({ values, scales }) => [values, ...(scales ? [scales] : [])]);
  return Math.max(...extents.map(({ offset, size }) => offset + size));
}

/** Sends the weights of the first part. */
export function sendWeights(
  { peer, layers }: Extract<DecoderPart, { isFirst: false }>,
  decoder: BundledComponent,
  data: Uint8Array<ArrayBuffer>,
): void {
  const { buffer } = data.slice(0, bytesOfFirst(decoder, layers));
  peer.postMessage({ type: "weights", buffer } satisfies ToBackbone, [buffer]);
}

/** The first part of an utterance's decoder. */
export class FirstDecoder {
  /** Says which frames are decoded together. */
  readonly #decoding: Decoding;
  readonly #stream: Stream;
  readonly #timings: Timings;

  constructor(decoding: Decoding, stream: Stream, timings: Timings) {
    this.#decoding = decoding;
    this.#stream = stream;
    this.#timings = timings;
  }

  /** Takes an event. Returns the inputs of the second part, if frames are to be decoded now. */
  async take(event: SpeechEvent): Promise<Tensors | undefined> {
    switch (event.kind) {
      case "begin":
        this.#stream.reset();
        this.#decoding.begin(undefined);
        return undefined;
      case "latent":
        return this.#run(this.#decoding.latent(event.values)?.inputs);
      case "end":
        return this.#run(this.#decoding.rest()?.inputs);
      case "scores":
      case "silence":
        return undefined;
    }
  }

  /** Frees the memory of the utterance. */
  free(): void {
    this.#decoding.free();
  }

  async #run(inputs: Tensors | undefined): Promise<Tensors | undefined> {
    if (inputs === undefined) {
      return undefined;
    }
    const start = performance.now();
    const outputs = await this.#stream.run(inputs);
    time(this.#timings, "mimi_decoder", start, inputs["latents"]?.shape[1]);
    return outputs;
  }
}
