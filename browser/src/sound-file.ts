/** Files of compressed sound, encoded in a worker of their own: a long one takes seconds. */

import { PocketTTSError, fromFailure } from "./errors.js";
import type { Answer, Encoding } from "./worker/encoding.js";

/** The media types of files of sound. */
export const MEDIA_TYPES = ["audio/wav", "audio/flac", "audio/ogg", "audio/mpeg"] as const;
/** A media type: WAV with 16 bits, FLAC, Opus in Ogg, or MP3. */
export type MediaType = (typeof MEDIA_TYPES)[number];

/** The tags of a file; WAV files have none. */
export interface Tags {
  /** What was spoken: its beginning is the title. */
  text?: string | undefined;
  /** Name of the voice, which players show as the artist. */
  voice?: string | undefined;
  /** Name of the model. */
  model?: string | undefined;
}

/** The encoders' names of the compressed formats. */
const FORMATS: Record<Exclude<MediaType, "audio/wav">, Encoding["format"]> = {
  "audio/flac": "flac",
  "audio/ogg": "opus",
  "audio/mpeg": "mp3",
};

/** Encodes samples. The encoders are fetched when this is first called. */
export async function encode(
  type: keyof typeof FORMATS,
  samples: Float32Array<ArrayBuffer>,
  sampleRate: number,
  tags: Tags,
): Promise<Uint8Array<ArrayBuffer>> {
  const worker = new Worker(new URL("./worker/encoding.js", import.meta.url), { type: "module", name: "encoder" });
  try {
    const answer = await new Promise<Answer>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<Answer>) => resolve(data);
      worker.onerror = ({ message = "its script cannot be loaded" }) => {
        reject(new PocketTTSError("Worker", `the encoder's worker has failed: ${message}`));
      };
      const own = samples.slice();
      const encoding: Encoding = { format: FORMATS[type], sampleRate, samples: own, tags };
      worker.postMessage(encoding, [own.buffer]);
    });
    if ("failure" in answer) {
      throw fromFailure(answer.failure);
    }
    return answer.file;
  } finally {
    worker.terminate();
  }
}
