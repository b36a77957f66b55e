/** Bytes, samples and recordings from the page, copied into memory of the package's own. */

import { type ErrorKind, PocketTTSError } from "../errors.js";
import { isArrayBuffer, isBlob, isDataView, isSharedArrayBuffer, typedArray, wasMoved } from "./brands.js";
import { checked, description, read, type Rule, unreadable } from "./check.js";
import { sampleRate } from "./rules.js";

/** Bytes of a file, in any form that a page may have. */
export type FileBytes = Blob | ArrayBuffer | SharedArrayBuffer | Uint8Array | Uint8ClampedArray | DataView;

/** Samples of one channel: numbers from -1 to 1, or 16-bit integers. */
export type SampleValues = Float32Array | Float64Array | Int16Array | readonly number[];

/** Whether a value is the bytes of a file. */
export function isFile(value: unknown): value is FileBytes {
  return (
    isBlob(value) ||
    isBuffer(value) ||
    ["Uint8Array", "Uint8ClampedArray"].includes(typedArray(value) ?? "") ||
    isDataView(value)
  );
}

/** A copy of a file's bytes. `what` names it in an error. */
export async function fileBytes(kind: ErrorKind, what: string, file: FileBytes): Promise<ArrayBuffer> {
  try {
    if (isBlob(file)) {
      // The page may have replaced the method of this blob.
      return await Blob.prototype.arrayBuffer.call(file);
    }
    const bytes = isBuffer(file) ? new Uint8Array(file) : new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
    return Uint8Array.from(bytes).buffer;
  } catch (cause) {
    // A Blob's file was changed or removed, or a buffer was transferred.
    throw unreadable(kind, what, cause);
  }
}

/** A copy of samples. */
export function samplesOf(what: string, values: unknown): Float32Array<ArrayBuffer> {
  const given = checked("Audio", what, values, SAMPLES);
  const kind = typedArray(given);
  if (kind !== undefined && wasMoved(given as Float32Array)) {
    throw new PocketTTSError("Audio", `${what} cannot be read: their memory was transferred; transfer a copy instead`);
  }
  // 16-bit samples, as in WAV files.
  const scale = kind === "Int16Array" ? 2 ** -15 : 1;
  // An array may be a proxy.
  const isArray = kind === undefined;
  const samples = room(what, isArray ? read("Audio", what, () => given.length) : given.length);
  for (let i = 0; i < samples.length; i++) {
    const value: unknown = isArray ? read("Audio", what, () => given[i]) : given[i];
    samples[i] = typeof value === "number" ? value * scale : Number.NaN;
    if (!Number.isFinite(samples[i])) {
      throw new PocketTTSError("Audio", `${what} must be finite numbers; number ${i} is ${description(value)}`);
    }
  }
  return samples;
}

function room(what: string, length: number): Float32Array<ArrayBuffer> {
  try {
    return new Float32Array(length);
  } catch (cause) {
    throw new PocketTTSError("Memory", `there is no memory for ${what}: ${length} numbers`, { cause });
  }
}

/** Samples with their rate. */
export function samplesWithRate(value: { samples: unknown; sampleRate: unknown }): {
  samples: Float32Array<ArrayBuffer>;
  sampleRate: number;
} {
  const given = read("Audio", "the recording", () => ({ samples: value.samples, sampleRate: value.sampleRate }));
  const rate = checked("Audio", "sampleRate", given.sampleRate, sampleRate);
  const samples = samplesOf("samples", given.samples);
  if (samples.length === 0) {
    throw new PocketTTSError("Audio", "the recording is empty: there are no samples");
  }
  return { samples, sampleRate: rate };
}

const SAMPLES: Rule<SampleValues> = {
  expected: "a Float32Array, a Float64Array, an Int16Array or an array of numbers",
  fits: (value) =>
    ["Float32Array", "Float64Array", "Int16Array"].includes(typedArray(value) ?? "") || Array.isArray(value),
};

function isBuffer(value: unknown): value is ArrayBuffer | SharedArrayBuffer {
  return isArrayBuffer(value) || isSharedArrayBuffer(value);
}
