/** One utterance in a worker. */

import type { Timings } from "../statistics.js";
import { Credit } from "./credit.js";

/** Messages that may be sent before the receiver has taken any: a second or more of sound. */
const ROOM = 16;

export class ActiveUtterance {
  /** The page's number: later utterances have larger ones. */
  readonly utterance: number;
  readonly timings: Timings = {};
  readonly #credit = new Credit(ROOM);
  /** Milliseconds that it waited for room at the receiver. */
  waited = 0;
  /** Milliseconds that it waited for text. */
  waitedForText = 0;
  /** Whether the page was told that the utterance is over. */
  over = false;
  #stopped = false;

  constructor(utterance: number) {
    this.utterance = utterance;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Waits for room at the receiver. */
  async takeRoom(): Promise<void> {
    const start = performance.now();
    await this.#credit.take();
    this.waited += performance.now() - start;
  }

  /** The receiver has room for `count` messages more. */
  giveRoom(count: number): void {
    this.#credit.give(count);
  }

  /** Stops the utterance, and wakes what waits for room. */
  stop(): void {
    this.#stopped = true;
    this.#credit.give(Number.POSITIVE_INFINITY);
  }
}
