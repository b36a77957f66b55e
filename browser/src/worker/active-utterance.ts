/** One utterance in a worker. */

import type { Timings } from "../statistics.js";
import { Credit } from "./credit.js";

/** Pieces on their way to a receiver that does not take them: a second or two of sound. */
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
  /** Whether the page knows that nothing more comes. */
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

  /** The receiver has room for one piece more. */
  giveRoom(): void {
    this.#credit.give(1);
  }

  /** Nobody listens any more: whoever waits for room goes on, and sees it. */
  stop(): void {
    this.#stopped = true;
    this.#credit.give(Number.POSITIVE_INFINITY);
  }
}
