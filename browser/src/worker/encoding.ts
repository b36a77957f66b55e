/** The work of a worker that encodes one file of sound. */

import { type Failure, failure } from "../errors.js";
import type { Tags } from "../sound-file.js";
import { loadEncoders } from "./encoders.js";
import type { Scope } from "./scope.js";

/** A file to encode. */
export interface Encoding {
  format: "flac" | "opus" | "mp3";
  sampleRate: number;
  samples: Float32Array<ArrayBuffer>;
  tags: Tags;
}

/** The encoded file, or why there is none. */
export type Answer = { file: Uint8Array<ArrayBuffer> } | { failure: Failure };

/** Encodes the files that are sent to `scope`. */
export function encodeFor(scope: Scope<Encoding, Answer>): void {
  scope.onmessage = async ({ data }) => {
    try {
      const file = await encode(data);
      scope.postMessage({ file }, [file.buffer]);
    } catch (error) {
      scope.postMessage({ failure: failure(error) }, []);
    }
  };
}

async function encode({
  format,
  sampleRate,
  samples,
  tags: { text, voice, model },
}: Encoding): Promise<Uint8Array<ArrayBuffer>> {
  const encoder = await loadEncoders();
  return encoder.encode(format, sampleRate, samples, text, voice, model) as Uint8Array<ArrayBuffer>;
}
