/** The encoders of compressed sound, in a wasm module of their own. */

import { PocketTTSError } from "../errors.js";
import { compileFile } from "../loading/module.js";
import type { Tags } from "../sound-file.js";

/** A file to encode. */
export interface Encoding {
  format: "flac" | "opus" | "mp3";
  sampleRate: number;
  samples: Float32Array<ArrayBuffer>;
  tags: Tags;
}

/** Encodes a file. The module is fetched when this is first called. */
export async function encodeFile({
  format,
  sampleRate,
  samples,
  tags: { text, voice, model },
}: Encoding): Promise<Uint8Array<ArrayBuffer>> {
  const encoder = await load();
  return encoder.encode(format, sampleRate, samples, text, voice, model) as Uint8Array<ArrayBuffer>;
}

/** Fetches and starts the encoders. */
async function load(): Promise<typeof import("../../wasm/encode/pocket_onnx_encode.js")> {
  try {
    const module = await import("../../wasm/encode/pocket_onnx_encode.js");
    const file = new URL("../../wasm/encode/pocket_onnx_encode_bg.wasm", import.meta.url);
    await module.default({ module_or_path: await compileFile(file) });
    return module;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PocketTTSError("Network", `the encoders of compressed sound cannot be loaded: ${why}`, { cause });
  }
}
