/** The marks and words of the written sound, by the position at which they are heard. */

import type { Word } from "../../wasm/simd/pocket_onnx.js";

/** What is being said while some samples are heard. The player hands it back to `onposition`. */
export interface Mark {
  /** The text being spoken. */
  text: string;
  /** Where it begins and ends in a longer text. */
  from?: number | undefined;
  to?: number | undefined;
  /** Words whose times are now known, for `onword`. */
  words?: readonly Word[] | undefined;
  /** Start of this sound, in seconds, in the time in which `words` are given. Default: 0. */
  before?: number | undefined;
}

/** Finds the mark and the words of a position, in samples since the last `stop`. */
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

  /** The mark at a position. Earlier marks are deleted. */
  mark(position: number): Mark | undefined {
    const next = this.#marks.findIndex(({ start }) => start > position);
    const passed = (next < 0 ? this.#marks.length : next) - 1;
    if (passed > 0) this.#marks.splice(0, passed);
    return passed < 0 ? undefined : this.#marks[0]?.mark;
  }

  /** The next word that has begun at a position; each word is returned once. */
  word(position: number): Word | undefined {
    const [next] = this.#words;
    if (next === undefined || next.start > position) return undefined;
    this.#words.shift();
    return next.word;
  }

  /** Deletes all marks, when no sound is left. Words are kept until they are reported. */
  clearMarks(): void {
    this.#marks = [];
  }

  /** Deletes all marks and words. */
  clear(): void {
    this.#marks = [];
    this.#words = [];
  }
}

function isSame(mark: Mark, other: Mark | undefined): boolean {
  return mark.text === other?.text && mark.from === other.from && mark.to === other.to;
}
