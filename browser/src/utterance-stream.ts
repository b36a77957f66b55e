/** One utterance, as the page sees it. */

import { type Failure, fromFailure } from "./errors.js";
import { slices } from "./slices.js";
import type { Timing, Timings } from "./statistics.js";
import type { Reading } from "./text-stream.js";
import type { Response } from "./worker/messages.js";

/** A piece of sound from a worker, and when it arrived. */
export type Chunk = Extract<Response, { type: "chunk" }> & { at: number };

/** UTF-16 units of a text that may be on their way to the worker. */
const MOST_UNREAD = 1 << 15;

/** Chunks that are made ahead while another request waits: five minutes of sound, or more. */
const AHEAD = 3750;

/** Messages of an utterance to the workers. */
interface ToWorkers {
  /** There is room for so many chunks more. */
  taken(count: number): void;
  /** Whether a program has to wait for the workers. */
  hold(isHeld: boolean): void;
  /** Another request waits, and nobody reads what was made ahead. */
  stalled(): void;
  stop(): void;
  text(text: string): void;
  flush(): void;
  close(isBroken: boolean): void;
}

/** One utterance: its chunks, as they come from the workers, and its text, if that arrives in pieces. */
export class UtteranceStream {
  readonly #to: ToWorkers;
  readonly #chunks: Chunk[] = [];
  /** Workers that have not reported `over`. */
  #working: number;
  #failure: { error: unknown } | undefined;
  /** The error of the text's source. */
  #textFailure: { error: unknown } | undefined;
  #stopped = false;
  #isHeld = false;
  /** Whether another request waits for the end of this one. */
  #isHurried = false;
  /** Chunks for which there is room already, although nobody has read as many. */
  #ahead = 0;
  #hasChunk = false;
  /** Wakes who waits for the next chunk; undefined while nobody does. */
  #wake: (() => void) | undefined;
  /** UTF-16 units of the text that the worker has not read yet. */
  #unread = 0;
  #room: (() => void) | undefined;
  readonly timings: Timings = {};
  /** Resolves when every worker is free again. */
  readonly over: Promise<void>;
  #resolveOver: () => void = () => {};

  constructor(workers: number, to: ToWorkers) {
    this.#working = workers;
    this.#to = to;
    this.over = new Promise((resolve) => {
      this.#resolveOver = resolve;
    });
  }

  /** The next chunk; undefined at the end. */
  async next(): Promise<Chunk | undefined> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        if (this.#ahead > 0) {
          this.#ahead -= 1;
        } else {
          this.#to.taken(1);
        }
        return chunk;
      }
      // If the source fails before anything is spoken, the worker only reports an empty text: its own error counts.
      const failure =
        this.#working === 0 || this.#failure !== undefined ? (this.#textFailure ?? this.#failure) : undefined;
      if (failure !== undefined) {
        throw failure.error;
      }
      if (this.#working === 0) {
        return undefined;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#hold();
      });
      this.#wake = undefined;
      this.#hold();
    }
  }

  /**
   * Another request waits for the end of this one. What is left is made ahead, up to a limit, so that a loop over this
   * one may await the other.
   */
  hurry(): void {
    if (!this.#isHurried && !this.isOver) {
      this.#isHurried = true;
      this.#giveAhead();
    }
  }

  /** Gives the workers room, once they have begun: before, they would not know the utterance. */
  #giveAhead(): void {
    if (this.#isHurried && this.#hasChunk && this.#ahead === 0) {
      this.#ahead = AHEAD;
      this.#to.taken(AHEAD);
    }
    this.#hold();
  }

  /**
   * A program waits for workers while somebody waits for them: for a chunk, or for their being free. It does not wait
   * for a stream that nobody reads.
   */
  #hold(): void {
    const isFilling = this.#ahead > 0 && this.#chunks.length < AHEAD;
    const isHeld = this.#working > 0 && (this.#wake !== undefined || this.#stopped || isFilling);
    if (isHeld !== this.#isHeld) {
      this.#isHeld = isHeld;
      this.#to.hold(isHeld);
    }
  }

  /** Hands the text over as it arrives, and as there is room for it. */
  async read(source: Reading): Promise<void> {
    try {
      for (;;) {
        const piece = await source.next();
        if (piece === undefined) {
          this.close();
          return;
        }
        if (piece.kind === "flush") {
          this.flush();
        } else if (!(await this.push(piece.text))) {
          return;
        }
      }
    } catch (error) {
      this.close({ error });
    }
  }

  /** Sends a piece of the text to the worker, when there is room. Returns false once the utterance is over. */
  async push(text: string): Promise<boolean> {
    for (const piece of slices(text, MOST_UNREAD)) {
      while (this.#unread >= MOST_UNREAD && !this.isOver) {
        await new Promise<void>((resolve) => {
          this.#room = resolve;
        });
      }
      if (this.isOver) {
        return false;
      }
      this.#unread += piece.length;
      this.#to.text(piece);
    }
    return !this.isOver;
  }

  /** Speaks everything pushed so far, without waiting for the end of a sentence. */
  flush(): void {
    if (!this.isOver) {
      this.#to.flush();
    }
  }

  /** Ends the text. If its source failed, `failure` is thrown once the text before it has been spoken. */
  close(failure?: { error: unknown }): void {
    this.#textFailure = failure;
    if (!this.isOver) {
      this.#to.close(failure !== undefined);
    }
  }

  /** Whether nothing more is spoken. */
  get isOver(): boolean {
    return this.#stopped || this.#working === 0;
  }

  /** Stops the workers, which finish a running call of a component first. */
  stop(): void {
    if (!this.#stopped) {
      this.#stopped = true;
      this.#to.stop();
      this.#hold();
      this.#room?.();
    }
  }

  /** Ends the utterance with `error`, when the workers were terminated. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#working = 0;
    this.#hold();
    this.#resolveOver();
    this.#wake?.();
    this.#room?.();
  }

  hear(response: Extract<Response, { type: "chunk" | "over" | "read" }>): void {
    if (response.type === "chunk") {
      this.#chunks.push({ ...response, at: performance.now() });
      const isFirst = !this.#hasChunk;
      this.#hasChunk = true;
      if (isFirst) {
        this.#giveAhead();
      } else if (this.#ahead > 0 && this.#chunks.length === AHEAD) {
        this.#hold();
        this.#to.stalled();
      }
    } else if (response.type === "read") {
      this.#unread -= response.units;
      this.#room?.();
    } else {
      this.#working -= 1;
      this.#add(response.timings);
      this.#failed(response.failure);
      if (this.#working === 0) {
        this.#hold();
        this.#resolveOver();
        this.#room?.();
      }
    }
    this.#wake?.();
  }

  #failed(failure: Failure | undefined): void {
    if (failure !== undefined) {
      this.#failure ??= { error: fromFailure(failure) };
      this.stop();
    }
  }

  #add(timings: Timings): void {
    for (const [name, { calls, milliseconds }] of Object.entries(timings)) {
      const timing: Timing = (this.timings[name] ??= { calls: 0, milliseconds: 0 });
      timing.calls += calls;
      timing.milliseconds += milliseconds;
    }
  }
}
