/** Recordings, on their way to the worker. */

import { isAudioBuffer, isBlob } from "./checks/brands.js";
import { checked, type Rule } from "./checks/check.js";
import { type FileBytes, fileBytes, isFile, type SampleValues, samplesWithRate } from "./checks/data.js";
import { PocketTTSError } from "./errors.js";
import type { VoiceSource } from "./worker/messages.js";

/** A recording: a file, decoded audio, or samples of one channel with their rate. */
export type Recording = FileBytes | AudioBuffer | { samples: SampleValues; sampleRate: number };

/** Rate to which the browser decodes files: high enough for a voice. */
const DECODING_RATE = 48_000;
/** Bytes at the beginning that tell what a file is. */
const HEAD = 4096;

/**
 * Sources for the worker, one after the other, until one gives a voice. WAV files are read there, as on the command
 * line, because a browser scales samples above and below zero differently, resamples, and trusts every length in
 * the file. Of other files the worker first gets the beginning, to refuse those that are not recordings; the rest
 * is decoded by the browser.
 */
export async function* sources(recording: Recording): AsyncGenerator<VoiceSource, void> {
  const given = checked("Audio", "a recording", recording, RECORDING);
  if (isFile(given)) {
    const file = await fileBytes("Audio", "the recording", given);
    yield { from: "wav", file: isWav(file) ? file.slice(0) : file.slice(0, HEAD) };
    yield decoded(file, isBlob(given) ? given.type : "");
  } else if (isAudioBuffer(given)) {
    yield channels(given);
  } else {
    const { samples, sampleRate } = samplesWithRate(given);
    yield { from: "recording", channels: [samples], sampleRate };
  }
}

const RECORDING: Rule<Recording> = {
  expected:
    "a file (a Blob, an ArrayBuffer or a Uint8Array), an AudioBuffer, or { samples, sampleRate } with samples of one channel",
  fits: (value) =>
    isFile(value) ||
    isAudioBuffer(value) ||
    (typeof value === "object" && value !== null && "samples" in value && "sampleRate" in value),
};

/** A recording that only the browser can decode. */
async function decoded(file: ArrayBuffer, type: string): Promise<VoiceSource> {
  if (globalThis.OfflineAudioContext === undefined) {
    const help = "a page decodes other files; turn it into a WAV file first, with `ffmpeg -i IN OUT.wav`";
    throw new PocketTTSError("Audio", `the file is no WAV file, and nothing here decodes others: ${help}`);
  }
  const context = new OfflineAudioContext(1, 1, DECODING_RATE);
  let buffer: AudioBuffer;
  try {
    buffer = await context.decodeAudioData(file);
  } catch (cause) {
    const what = type === "" ? "the file" : `the file (${type})`;
    const help = "turn it into a WAV file first, with `ffmpeg -i IN OUT.wav`";
    throw new PocketTTSError("Audio", `${what} is not a recording that this browser can decode: ${help}`, { cause });
  }
  return channels(buffer);
}

/** Buffers that are transferred to the worker with a source. */
export function transfer(source: VoiceSource): ArrayBuffer[] {
  switch (source.from) {
    case "bundle":
      return [];
    case "file":
    case "wav":
      return [source.file];
    case "recording":
      return source.channels.map((channel) => channel.buffer);
  }
}

function channels(buffer: AudioBuffer): VoiceSource {
  const { numberOfChannels, sampleRate } = buffer;
  const channels = [...Array(numberOfChannels).keys()].map((channel) => {
    const samples = buffer.getChannelData(channel);
    if (samples.length !== buffer.length) {
      const what = `channel ${channel} of the AudioBuffer`;
      throw new PocketTTSError("Audio", `${what} cannot be read: its memory was transferred; transfer a copy instead`);
    }
    // A copy, because the buffer's memory belongs to the page.
    return Float32Array.from(samples);
  });
  return { from: "recording", channels, sampleRate };
}

function isWav(head: ArrayBuffer): boolean {
  const text = (at: number) => String.fromCharCode(...new Uint8Array(head.slice(at, at + 4)));
  return ["RIFF", "RIFX", "RF64", "BW64"].includes(text(0)) && text(8) === "WAVE";
}
