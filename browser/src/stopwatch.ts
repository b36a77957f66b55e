/** Measures the times of an utterance. */

import type { RuntimeInfo, Statistics, Timings } from "./statistics.js";
import type { Chunk } from "./utterance-stream.js";

export class Stopwatch {
  readonly #setting: RuntimeInfo;
  readonly #sampleRate: number;
  readonly seed: number;
  #started = 0;
  #began = 0;
  #samples = 0;
  /** Milliseconds of work, without those in which the workers waited for the listener. */
  #worked = 0;
  #firstSound: number | undefined;
  timings: Timings = {};
  memory: number | undefined;

  constructor(setting: RuntimeInfo, sampleRate: number, seed: number | undefined) {
    this.#setting = setting;
    this.#sampleRate = sampleRate;
    this.seed = seed ?? freshSeed();
  }

  /** Call it when the utterance is requested. */
  start(): void {
    this.#started = performance.now();
  }

  /** Call it when the workers begin: before, the utterance waited for earlier requests. */
  begin(): void {
    this.#began = performance.now();
  }

  /** Counts a chunk that has arrived. */
  hear({ samples, at, waited }: Pick<Chunk, "samples" | "at" | "waited">): void {
    this.#samples += samples.length;
    this.#firstSound ??= (at - this.#started) / 1000;
    this.#worked = at - this.#began - waited;
  }

  /** The figures so far. */
  statistics(): Statistics {
    const seconds = this.#samples / this.#sampleRate;
    return {
      ...this.#setting,
      seed: this.seed,
      seconds,
      elapsed: (performance.now() - this.#started) / 1000,
      realTimeFactor: seconds > 0 ? this.#worked / 1000 / seconds : undefined,
      firstSound: this.#firstSound,
      timings: this.timings,
      memory: this.memory,
    };
  }
}

/** An integer of 53 bits. */
export function freshSeed(): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (high >>> 11) * 2 ** 32 + low;
}
