/** The layer behind the text field, in which the sentence being spoken is marked. */

import { byId, make } from "./dom.js";

/** A part of a text, in UTF-16 units. */
export interface Span {
  start: number;
  end: number;
}

const backdrop = byId("backdrop", HTMLDivElement);

/**
 * Texts longer than this (in UTF-16 units) are laid out only once: the browser then paints the mark without an
 * element around it, if it can (`CSS.highlights`).
 */
const LONG = 20_000;
/** In texts longer than this nothing is marked, because layout would block the page. */
const TOO_LONG = 2_000_000;
/** Names in the stylesheet: the sentence being spoken, and its word. */
const HIGHLIGHT = "sounding";
const WORD = "word";

export class Backdrop {
  readonly #area: HTMLTextAreaElement;
  /** Pixels between the field's edge and the text. */
  readonly #margin: number;
  /** The long text that is laid out. */
  #shown: Text | undefined;

  constructor(area: HTMLTextAreaElement) {
    this.#area = area;
    this.#margin = Number.parseFloat(getComputedStyle(area).paddingTop);
    area.addEventListener("scroll", () => this.#follow());
  }

  set language(tag: string) {
    backdrop.lang = tag;
  }

  /** Lays out a text that is about to be spoken. */
  show(text: string): void {
    if (text.length < LONG || text.length >= TOO_LONG || !("highlights" in CSS)) {
      this.clear();
    } else if (this.#shown?.data !== text) {
      this.#shown = new Text(text);
      backdrop.replaceChildren(this.#shown, "\n");
    }
    this.#follow();
  }

  /** Removes the marks. */
  clear(): void {
    CSS.highlights?.delete(HIGHLIGHT);
    CSS.highlights?.delete(WORD);
    this.#shown = undefined;
    backdrop.replaceChildren();
  }

  /** Marks a range of the text and a word in it, and scrolls the word into view. */
  mark(text: string, { start, end }: Span, word: Span | undefined): void {
    const inner = word !== undefined && word.start >= start && word.end <= end ? word : undefined;
    if (text.length < LONG) {
      const mark = make("mark", inner === undefined ? text.slice(start, end) : "");
      if (inner !== undefined) {
        const spoken = make("b", text.slice(inner.start, inner.end));
        mark.replaceChildren(text.slice(start, inner.start), spoken, text.slice(inner.end, end));
      }
      // The line break at the end gives the last line its height, as a text area does.
      backdrop.replaceChildren(text.slice(0, start), mark, `${text.slice(end)}\n`);
      this.#bring(mark.offsetTop, mark.offsetHeight);
      return;
    }
    this.show(text);
    if (this.#shown === undefined) return;
    const range = new Range();
    range.setStart(this.#shown, start);
    range.setEnd(this.#shown, end);
    CSS.highlights.set(HIGHLIGHT, new Highlight(range));
    CSS.highlights.delete(WORD);
    if (inner !== undefined) {
      const spoken = new Range();
      spoken.setStart(this.#shown, inner.start);
      spoken.setEnd(this.#shown, inner.end);
      CSS.highlights.set(WORD, new Highlight(spoken));
    }
    const { top, height } = range.getBoundingClientRect();
    this.#bring(top - backdrop.getBoundingClientRect().top + backdrop.scrollTop, height);
  }

  /** Scrolls to a line unless it is visible. */
  #bring(top: number, height: number): void {
    const area = this.#area;
    const below = top + height > area.scrollTop + area.clientHeight;
    // Leaves the same margin above the line as the text field has above its first line.
    if (below || top < area.scrollTop) area.scrollTop = top - this.#margin;
    this.#follow();
  }

  #follow(): void {
    backdrop.scrollTop = this.#area.scrollTop;
  }
}
