/** What the command says about its speech: a line for people, or a summary for programs. */

/// <reference types="node" />

import type { Notice } from "../options.js";
import type { PocketTTS } from "../pocket-tts.js";
import type { SpeechChunk } from "../speech.js";
import type { Arguments } from "./arguments.js";
import type { SoundOutput } from "./sound-output.js";
import type { WordTimes } from "./word-times.js";

export interface Spoken {
  tts: PocketTTS;
  sound: SoundOutput;
  /** The last chunk's figures; none without sound. */
  figures: SpeechChunk["statistics"] | undefined;
  seed: number;
  /** Milliseconds. */
  loading: number;
  interrupted: boolean;
  notices: readonly Notice[];
  words: WordTimes | undefined;
}

/** The line for people; `where` names the output. */
export function line({ tts, sound, figures, seed, loading, interrupted }: Spoken, where: string): string {
  const parts = [
    `${(sound.samples / tts.sampleRate).toFixed(1)} s of sound in ${where}${interrupted ? " (interrupted)" : ""}`,
    ...pace(figures),
    `loaded in ${Math.round(loading)} ms`,
    `seed ${seed}`,
  ];
  return parts.join(", ");
}

/** The summary for programs, as the native command's. */
export function summary(
  { tts, sound, figures, seed, loading, interrupted, notices, words }: Spoken,
  { output, options }: Arguments,
): string {
  const { backend, threads } = tts.statistics;
  const members = {
    output,
    played: false,
    variant: tts.variant ?? null,
    synthetic: tts.synthetic,
    seconds: sound.samples / tts.sampleRate,
    real_time_factor: figures?.realTimeFactor ?? null,
    first_sound_seconds: figures?.firstSound ?? null,
    loading_seconds: loading / 1000,
    seed,
    speed: options.speed ?? 1,
    backend,
    threads,
    peak: sound.peak,
    cut: sound.cut,
    interrupted,
    notices,
    words: words?.words ?? null,
  };
  return `${JSON.stringify(members, undefined, 2)}\n`;
}

/** The line that shows progress in a terminal. */
export function progress(figures: SpeechChunk["statistics"]): string {
  return [`${figures.seconds.toFixed(1)} s spoken`, ...pace(figures)].join(", ");
}

/** How fast it is made. */
function pace(figures: SpeechChunk["statistics"] | undefined): string[] {
  const factor = figures?.realTimeFactor;
  return [
    ...(factor === undefined ? [] : [`real-time factor ${factor.toFixed(2)}`]),
    `first sound after ${Math.round(1000 * (figures?.firstSound ?? 0))} ms`,
  ];
}
