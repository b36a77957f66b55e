/** How fast sound is made, and how much of it should wait before it is played. */

/** Seconds that wait where sound is made comfortably faster than it is played. */
const LEAST = 0.16;
/** Never wait for more than this, however slow the generation. */
const MOST = 6;
/** Speeds up to this are not comfortable: they vary. */
const COMFORTABLE = 1.2;
/** Seconds of speech that the wait should cover. How long it will be is not known. */
const HORIZON = 8;
/** Weight of the newest measurement, for a second of sound. */
const NEWEST = 0.5;

/** Measures writes. */
export class Speed {
  #speed: number | undefined;
  #last: number | undefined;

  /**
   * `seconds` of sound came at `now` (milliseconds). The first ones of an utterance are not
   * measured: the time before them is not spent on them alone.
   */
  wrote(seconds: number, now: number): void {
    if (this.#last !== undefined && seconds > 0) {
      const speed = seconds / Math.max(1e-4, (now - this.#last) / 1000);
      const weight = NEWEST * Math.min(1, seconds / 0.5);
      this.#speed = this.#speed === undefined ? speed : 1 / (weight / speed + (1 - weight) / this.#speed);
    }
    this.#last = now;
  }

  /** Whoever wrote had to wait until `now`: that is not generation's time. */
  waited(now: number): void {
    this.#last = now;
  }

  /** An utterance is over; what was measured serves the next one. */
  pause(): void {
    this.#last = undefined;
  }

  /** Seconds of sound made in a second; none before two writes. */
  get value(): number | undefined {
    return this.#speed;
  }

  /**
   * Seconds of sound that should wait before it is played, at `played` times its own speed; none
   * while nothing is known.
   */
  target(played: number): number | undefined {
    if (this.#speed === undefined) return undefined;
    const speed = this.#speed / played;
    if (speed >= COMFORTABLE) return LEAST * played;
    return Math.min(MOST, Math.max(LEAST, (COMFORTABLE - speed) * HORIZON)) * played;
  }
}
