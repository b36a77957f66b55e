/** What is said when: the marks and words of what was written, by the position at which they are heard. */

import type { Word } from "../../wasm/simd/pocket_onnx.js";

/** The text being spoken. */
export interface Mark {
  text: string;
  /** Its position in a longer text. */
  from?: number | undefined;
  to?: number | undefined;
  /** Words whose times are now known, for `onword`. */
  words?: readonly Word[] | undefined;
  /** Seconds from the zero of `words` to the sound that is written with this mark. */
  before?: number | undefined;
}

/** Positions are samples since the last `stop`. */
export class Timeline {
  #marks: { start: number; mark: Mark }[] = [];
  /** Words that have not been heard yet. */
  #words: { start: number; word: Word }[] = [];

  /** Adds the mark of the sound that is written at `position`, at `rate` samples a second. */
  add(mark: Mark, position: number, rate: number): void {
    if (!isSame(mark, this.#marks.at(-1)?.mark)) {
      this.#marks.push({ start: position, mark });
    }
    for (const word of mark.words ?? []) {
      const seconds = word.start - (mark.before ?? 0);
      this.#words.push({ start: position + seconds * rate, word });
    }
  }

  /** The mark at a position. Those before it are not needed again. */
  mark(position: number): Mark | undefined {
    const next = this.#marks.findIndex(({ start }) => start > position);
    const passed = (next < 0 ? this.#marks.length : next) - 1;
    if (passed > 0) this.#marks.splice(0, passed);
    return passed < 0 ? undefined : this.#marks[0]?.mark;
  }

  /** The next word that has begun at a position; each is given once. */
  word(position: number): Word | undefined {
    const [next] = this.#words;
    if (next === undefined || next.start > position) return undefined;
    this.#words.shift();
    return next.word;
  }

  /** Forgets all marks: no sound is left. Words that are over are kept until they are told. */
  clearMarks(): void {
    this.#marks = [];
  }

  /** Forgets everything. */
  clear(): void {
    this.#marks = [];
    this.#words = [];
  }
}

function isSame(mark: Mark, other: Mark | undefined): boolean {
  return mark.text === other?.text && mark.from === other.from && mark.to === other.to;
}
