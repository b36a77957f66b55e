/** Recordings, as one channel of samples. */

import { PocketTTSError } from "./errors.js";

/** A recording: a file, decoded audio, or samples of one channel with their rate. */
export type Recording = Blob | AudioBuffer | { samples: Float32Array; sampleRate: number };

/** Rate that files are decoded to where the browser resamples them. */
const DECODING_RATE = 48_000;

/** The samples of a recording: the mean of its channels. */
export async function decode(
  recording: Recording,
): Promise<{ samples: Float32Array<ArrayBuffer>; sampleRate: number }> {
  if (recording instanceof Blob) {
    return mono(await decodeFile(recording));
  }
  if ("getChannelData" in recording) {
    return mono(recording);
  }
  return { samples: Float32Array.from(recording.samples), sampleRate: recording.sampleRate };
}

async function decodeFile(file: Blob): Promise<AudioBuffer> {
  const bytes = await file.arrayBuffer();
  const context = new OfflineAudioContext(1, 1, wavRate(bytes) ?? DECODING_RATE);
  try {
    return await context.decodeAudioData(bytes);
  } catch (cause) {
    const what = file.type === "" ? "the file" : `the file (${file.type})`;
    throw new PocketTTSError("Audio", `${what} is no recording that this browser can decode`, { cause });
  }
}

/** The rate of a WAV file, so that the browser leaves its samples as they are. */
function wavRate(bytes: ArrayBuffer): number | undefined {
  const view = new DataView(bytes);
  const text = (at: number) => String.fromCharCode(...new Uint8Array(bytes, at, 4));
  if (view.byteLength < 44 || text(0) !== "RIFF" || text(8) !== "WAVE" || text(12) !== "fmt ") {
    return undefined;
  }
  const rate = view.getUint32(24, true);
  // What an offline context has to support.
  return rate >= 8_000 && rate <= 96_000 ? rate : undefined;
}

function mono(buffer: AudioBuffer): { samples: Float32Array<ArrayBuffer>; sampleRate: number } {
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
