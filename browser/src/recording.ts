/** Recordings, as one channel of samples. */

import { checked, type Rule } from "./checks/check.js";
import { type FileBytes, fileBytes, isFile, type SampleValues, samplesWithRate } from "./checks/data.js";
import { PocketTTSError } from "./errors.js";
import { readWav, type Samples } from "./wav.js";

/** A recording: a file, decoded audio, or samples of one channel with their rate. */
export type Recording = FileBytes | AudioBuffer | { samples: SampleValues; sampleRate: number };

/** Rate that the browser decodes files to: high enough to lose nothing of a voice. */
const DECODING_RATE = 48_000;

/** The samples of a recording: the mean of its channels. */
export async function decode(recording: Recording): Promise<Samples> {
  const given = checked("Audio", "a recording", recording, RECORDING);
  if (isFile(given)) {
    const file = await fileBytes("Audio", "the recording", given);
    return readWav(file) ?? mono(await decodeFile(file, given instanceof Blob ? given.type : ""));
  }
  return given instanceof AudioBuffer ? mono(given) : samplesWithRate(given);
}

const RECORDING: Rule<Recording> = {
  expected:
    "a file (a Blob, an ArrayBuffer or a Uint8Array), an AudioBuffer, or { samples, sampleRate } with samples of one channel",
  fits: (value) =>
    isFile(value) ||
    value instanceof AudioBuffer ||
    (typeof value === "object" && value !== null && "samples" in value && "sampleRate" in value),
};

async function decodeFile(file: ArrayBuffer, type: string): Promise<AudioBuffer> {
  const context = new OfflineAudioContext(1, 1, DECODING_RATE);
  try {
    return await context.decodeAudioData(file);
  } catch (cause) {
    const what = type === "" ? "the file" : `the file (${type})`;
    throw new PocketTTSError("Audio", `${what} is no recording that this browser can decode`, { cause });
  }
}

function mono(buffer: AudioBuffer): Samples {
  const { numberOfChannels, length, sampleRate } = buffer;
  const samples = new Float32Array(length);
  for (let channel = 0; channel < numberOfChannels; channel++) {
    const values = buffer.getChannelData(channel);
    for (let i = 0; i < length; i++) {
      samples[i] = (samples[i] ?? 0) + (values[i] ?? 0) / numberOfChannels;
    }
  }
  return { samples, sampleRate };
}
