/** Figures of an utterance. */

import type { Backend } from "./worker/messages.js";

/** Calls of one component. */
export interface Timing {
  /** How many; of `mimi_decoder` the frames it decoded. */
  calls: number;
  milliseconds: number;
}

/** Calls by component; those of `flow_lm` that take a text are `prefill`. */
export type Timings = Record<string, Timing>;

/** What does not change from utterance to utterance. */
export interface RuntimeInfo {
  /** What runs the components. */
  backend: Backend;
  /** Threads that work. */
  threads: number;
  /** Workers: with two the decoder has one of its own. */
  workers: number;
  /** Whether every file came from the browser's Cache. */
  cacheHit: boolean;
  /** The vector instructions that the engine chose, which a test at the start found right and fastest. */
  instructions: string | undefined;
}

/** How an utterance goes, so far or in all. */
export interface Statistics extends RuntimeInfo {
  /** Seed of the noise: the same seed says the same samples. */
  seed: number;
  /** Seconds of sound. */
  seconds: number;
  /** Seconds since it was asked for. */
  elapsed: number;
  /** Seconds of work for a second of sound; waiting for the listener is no work. None without sound. */
  realTimeFactor: number | undefined;
  /** Seconds from asking to the first sound. */
  firstSound: number | undefined;
  /** Where the time went; filled once the utterance is over. */
  timings: Timings;
  /** Bytes of memory that the model holds (`PocketTTS.memory`), once the utterance is over. */
  memory: number | undefined;
}

/** Adds a call, or as many as it stands for, that began at `start`, in milliseconds. */
export function time(timings: Timings, name: string, start: number, calls = 1): void {
  const timing = (timings[name] ??= { calls: 0, milliseconds: 0 });
  timing.calls += calls;
  timing.milliseconds += performance.now() - start;
}
