/** Measures how fast sound is made, and decides how much should be buffered before it is played. */

/** Seconds to buffer if sound is made fast enough. */
const LEAST = 0.16;
/** Most seconds to buffer, however slow the generation is. */
const MOST = 6;
/** Fast enough. Below this speed, its variations could make the buffer run empty. */
const COMFORTABLE = 1.2;
/** Seconds for which playback should not run dry. The real length of the speech is not known. */
const HORIZON = 8;
/** Weight of the newest measurement, per second of sound. */
const NEWEST = 0.5;

/** Measures the speed of generation by the times of writes. */
export class GenerationSpeed {
  #speed: number | undefined;
  #last: number | undefined;

  /**
   * `seconds` of sound were written at `now` (milliseconds). The first sound of an utterance is not measured,
   * because the time before it includes other work.
   */
  wrote(seconds: number, now: number): void {
    if (this.#last !== undefined && seconds > 0) {
      const speed = seconds / Math.max(1e-4, (now - this.#last) / 1000);
      const weight = NEWEST * Math.min(1, seconds / 0.5);
      this.#speed = this.#speed === undefined ? speed : 1 / (weight / speed + (1 - weight) / this.#speed);
    }
    this.#last = now;
  }

  /** The writer had to wait for room until `now`: that time is not counted. */
  waited(now: number): void {
    this.#last = now;
  }

  /** Ends an utterance; the measured speed is kept for the next one. */
  pause(): void {
    this.#last = undefined;
  }

  /** Seconds of sound made per second; undefined before two writes. */
  get value(): number | undefined {
    return this.#speed;
  }

  /**
   * Seconds of sound to buffer before it is played at the playback speed `played`; undefined before the
   * generation speed is known.
   */
  target(played: number): number | undefined {
    if (this.#speed === undefined) return undefined;
    const speed = this.#speed / played;
    if (speed >= COMFORTABLE) return LEAST * played;
    return Math.min(MOST, Math.max(LEAST, (COMFORTABLE - speed) * HORIZON)) * played;
  }
}
