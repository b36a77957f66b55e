/** A worker that encodes one file of sound. */

import { type Failure, failure, PocketTTSError } from "../errors.js";
import type { Tags } from "../sound-file.js";

/** A file to encode. */
export interface Encoding {
  format: "flac" | "opus" | "mp3";
  sampleRate: number;
  samples: Float32Array<ArrayBuffer>;
  tags: Tags;
}

/** The encoded file, or why there is none. */
export type Answer = { file: Uint8Array<ArrayBuffer> } | { failure: Failure };

const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<Encoding>) => void) | null;
  postMessage(message: Answer, transfer: Transferable[]): void;
};

scope.onmessage = async ({ data }) => {
  try {
    const file = await encode(data);
    scope.postMessage({ file }, [file.buffer]);
  } catch (error) {
    scope.postMessage({ failure: failure(error) }, []);
  }
};

async function encode({ format, sampleRate, samples, tags: { text, voice, model } }: Encoding): Promise<Uint8Array<ArrayBuffer>> {
  const encoder = await load();
  return encoder.encode(format, sampleRate, samples, text, voice, model) as Uint8Array<ArrayBuffer>;
}

/** Fetches and starts the encoders. */
async function load(): Promise<typeof import("../../wasm/encode/pocket_onnx_encode.js")> {
  try {
    const module = await import("../../wasm/encode/pocket_onnx_encode.js");
    const file = new URL("../../wasm/encode/pocket_onnx_encode_bg.wasm", import.meta.url);
    await module.default({ module_or_path: file });
    return module;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PocketTTSError("Network", `the encoders of compressed sound cannot be loaded: ${why}`, { cause });
  }
}
