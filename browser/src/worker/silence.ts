/**
 * A frame of silence for the decoder.
 *
 * The very first frame takes longer than others, because the browser has not optimised the code yet. A decoder in a
 * worker of its own decodes a silent frame once it is loaded, most of the time while the other worker still loads the
 * backbone, which is larger.
 */

import type { Manifest } from "../manifest.js";
import { type Tensor, zeros } from "../tensor.js";
import type { Stream } from "./runtime.js";

/** Decodes a silent frame; `isSecond`: with the second part of a shared decoder. Frees `stream`. */
export async function decodeSilence(stream: Stream, manifest: Manifest, isSecond: boolean): Promise<void> {
  try {
    await stream.run(isSecond ? { hidden: hidden(manifest) } : { latents: latents(manifest) });
  } finally {
    stream.free();
  }
}

function latents({ model: { mimi } }: Manifest): Tensor {
  return zeros("f32", [1, 1, mimi.quantizer.dimension]);
}

function hidden({ frame_size: frame, model: { mimi } }: Manifest): Tensor {
  const { ratios } = mimi.decoder_seanet ?? mimi.seanet;
  const { d_model: size } = mimi.decoder_transformer ?? mimi.transformer;
  return zeros("f32", [1, ratios.reduce((positions, ratio) => positions / ratio, frame), size]);
}
