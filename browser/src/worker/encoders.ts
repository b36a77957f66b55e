/** The module that writes files: sound in all formats, and subtitles. */

import { messageOf, PocketTTSError } from "../errors.js";
import { compileFile } from "../loading/module.js";

export type Encoders = typeof import("../../wasm/encode/pocket_onnx_encode.js");

/** Fetches and starts it. */
export async function loadEncoders(): Promise<Encoders> {
  try {
    const module = await import("../../wasm/encode/pocket_onnx_encode.js");
    const file = new URL("../../wasm/encode/pocket_onnx_encode_bg.wasm", import.meta.url);
    await module.default({ module_or_path: await compileFile(file) });
    return module;
  } catch (cause) {
    throw new PocketTTSError("Network", `the encoders of compressed sound cannot be loaded: ${messageOf(cause)}`, {
      cause,
    });
  }
}
