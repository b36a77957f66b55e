/** Takes the times of an utterance. */

import type { Statistics, Timings } from "./statistics.js";

export class Stopwatch {
  readonly #fixed: Pick<Statistics, "backend" | "threads" | "workers" | "cacheHit">;
  readonly #sampleRate: number;
  readonly seed: number;
  #started = 0;
  #samples = 0;
  /** Milliseconds that the listener waited for the workers. */
  #waited = 0;
  #firstSound: number | undefined;
  timings: Timings = {};

  constructor(
    fixed: Pick<Statistics, "backend" | "threads" | "workers" | "cacheHit">,
    sampleRate: number,
    seed: number | undefined,
  ) {
    this.#fixed = fixed;
    this.#sampleRate = sampleRate;
    this.seed = seed ?? freshSeed();
  }

  /** The utterance begins. */
  start(): void {
    this.#started = performance.now();
  }

  /** Passes on what `promise` gives. */
  async waiting<T>(promise: Promise<T>): Promise<T> {
    const start = performance.now();
    const value = await promise;
    this.#waited += performance.now() - start;
    return value;
  }

  /** Samples have come. */
  hear(samples: number): void {
    this.#samples += samples;
    this.#firstSound ??= (performance.now() - this.#started) / 1000;
  }

  /** The figures so far. */
  statistics(): Statistics {
    const seconds = this.#samples / this.#sampleRate;
    return {
      ...this.#fixed,
      seed: this.seed,
      seconds,
      elapsed: (performance.now() - this.#started) / 1000,
      realTimeFactor: this.#waited / 1000 / seconds,
      firstSound: this.#firstSound,
      timings: this.timings,
    };
  }
}

/** A whole number of 53 bits. */
function freshSeed(): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (high >>> 11) * 2 ** 32 + low;
}
