/** Figures of an utterance. */

import type { Backend } from "./backend.js";

/** Calls of one component. */
export interface Timing {
  /** Number of calls; for `mimi_decoder`, of decoded frames. */
  calls: number;
  milliseconds: number;
}

/** Calls by component; calls of `flow_lm` with a text are `prefill`. */
export type Timings = Record<string, Timing>;

/** How a model runs: the same for all of its utterances. */
export interface RuntimeInfo {
  /** The backend. */
  backend: Backend;
  /** Threads in use. */
  threads: number;
  /** Workers: with two, the decoder has one of its own. */
  workers: number;
  /** Whether every file came from Cache Storage. */
  cacheHit: boolean;
  /** The newest vector instructions that the engine found to be correct, and not slow. */
  instructions: string | undefined;
}

/** Figures of an utterance, so far or complete. */
export interface Statistics extends RuntimeInfo {
  /** Seed of the noise: the same seed gives the same samples. */
  seed: number;
  /** Seconds of sound. */
  seconds: number;
  /** Seconds since the request. */
  elapsed: number;
  /** Seconds of work for a second of sound, without waiting for the listener. Undefined without sound. */
  realTimeFactor: number | undefined;
  /** Seconds from the request to the first sound. */
  firstSound: number | undefined;
  /** Calls by component; filled when the utterance is over. */
  timings: Timings;
  /** Bytes of memory that the model uses (`PocketTTS.memory`), when the utterance is over. */
  memory: number | undefined;
}

/** Adds a run that began at `start` (in milliseconds) and counts as `calls` calls: for the decoder, one a frame. */
export function time(timings: Timings, name: string, start: number, calls = 1): void {
  const timing = (timings[name] ??= { calls: 0, milliseconds: 0 });
  timing.calls += calls;
  timing.milliseconds += performance.now() - start;
}
