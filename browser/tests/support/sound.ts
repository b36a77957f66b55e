/** Records what a page plays, and measures recordings. */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BrowserContext } from "playwright-core";

declare global {
  /** Samples that were played since it was last emptied. */
  var played: Float32Array[];
  var playedRate: number;
}

/** Records what a page plays from now on. It is run in the page, so it can use nothing of this file. */
export function recordHere(): void {
  globalThis.played = [];
  const connect = AudioNode.prototype.connect as (this: AudioNode, to: AudioNode | AudioParam) => AudioNode;
  AudioNode.prototype.connect = function (this: AudioNode, to: AudioNode | AudioParam, ...rest: []) {
    if (to instanceof AudioDestinationNode && !(this instanceof ScriptProcessorNode)) {
      globalThis.playedRate = this.context.sampleRate;
      const recorder = (this.context as AudioContext).createScriptProcessor(16_384, 1, 1);
      recorder.onaudioprocess = ({ inputBuffer }) => globalThis.played.push(inputBuffer.getChannelData(0).slice());
      connect.call(this, recorder);
      connect.call(recorder, to);
    }
    return connect.call(this, to, ...rest);
  } as typeof AudioNode.prototype.connect;
}

/** Lets pages that are opened from now on record what they play. */
export function recordPlaying(pages: BrowserContext): Promise<unknown> {
  return pages.addInitScript(recordHere);
}

/** A recording. */
export interface Sound {
  samples: Float32Array;
  rate: number;
}

/** A page that records, whatever drives it. */
interface Recorded {
  evaluate<R>(work: () => R): Promise<R>;
}

/** The samples played since the last call. */
export async function takePlayed(page: Recorded): Promise<Sound> {
  // The recorder passes on a third of a second at a time.
  await new Promise((resolve) => setTimeout(resolve, 800));
  const { parts, rate } = await page.evaluate(() => {
    const parts = globalThis.played.map((part) => Array.from(part));
    globalThis.played = [];
    return { parts, rate: globalThis.playedRate };
  });
  return { samples: Float32Array.from(parts.flat()), rate };
}

/** Level and length of a recording. */
export function measure({ samples, rate }: Sound): { seconds: number; level: number; crossings: number } {
  const window = Math.round(rate / 50);
  const loud: number[] = [];
  for (let at = 0; at + window <= samples.length; at += window) {
    if (rms(samples.subarray(at, at + window)) > 0.01) loud.push(at);
  }
  const [first = 0, last = 0] = [loud[0], loud.at(-1)];
  const sounding = samples.subarray(first, last + window);
  let crossings = 0;
  for (let i = 1; i < sounding.length; i += 1) {
    if ((sounding[i] ?? 0) * (sounding[i - 1] ?? 0) < 0) crossings += 1;
  }
  return {
    seconds: sounding.length / rate,
    level: rms(sounding),
    // For each second: noise has thousands more of them than speech.
    crossings: crossings / (sounding.length / rate),
  };
}

function rms(samples: Float32Array): number {
  return Math.sqrt(samples.reduce((sum, it) => sum + it * it, 0) / Math.max(1, samples.length));
}

/**
 * Saves a recording and its text for a recogniser, in the folder `POCKET_ONNX_SPOKEN`, if that is set.
 */
export async function keep(name: string, text: string, { samples, rate }: Sound): Promise<void> {
  const folder = process.env["POCKET_ONNX_SPOKEN"];
  if (folder === undefined) return;
  const data = Buffer.alloc(44 + 2 * samples.length);
  data.write("RIFF");
  data.writeUInt32LE(36 + 2 * samples.length, 4);
  data.write("WAVEfmt ", 8);
  data.writeUInt32LE(16, 16);
  data.writeUInt16LE(1, 20);
  data.writeUInt16LE(1, 22);
  data.writeUInt32LE(rate, 24);
  data.writeUInt32LE(2 * rate, 28);
  data.writeUInt16LE(2, 32);
  data.writeUInt16LE(16, 34);
  data.write("data", 36);
  data.writeUInt32LE(2 * samples.length, 40);
  samples.forEach((it, i) => data.writeInt16LE(Math.round(32767 * Math.max(-1, Math.min(1, it))), 44 + 2 * i));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.wav`), data);
  await writeFile(join(folder, `${name}.txt`), text);
}
