/** The text field, in which the sentence being spoken is marked. */

import { Backdrop, type Span } from "./backdrop.js";
import { byId } from "./dom.js";
import { SAMPLES, sampleOf, type Sample } from "./samples.js";
import { countWords } from "./words.js";

const area = byId("text", HTMLTextAreaElement);
const picker = byId("sample", HTMLSelectElement);
const count = byId("count", HTMLSpanElement);

/** Words of texts longer than this (in UTF-16 units) are counted only after typing stops. */
const LONG = 100_000;
/** Milliseconds without a key after which typing has stopped. */
const REST = 300;

export class Script {
  readonly #backdrop = new Backdrop(area);
  /** The text when speech began; once it has been edited, no sentence is marked. */
  #spoken: string | undefined;
  #sentence: Span | undefined;
  #word: Span | undefined;
  /** Start of the spoken part in the text. */
  #start = 0;
  /** Called with the start of a word that was clicked. */
  onword: ((start: number) => void) | undefined;
  #counting: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    const options = SAMPLES.map((it) => new Option(it.label, it.language));
    picker.append(new Option("choose …", ""), ...options);
    picker.addEventListener("change", () => this.#choose(sampleOf(picker.value)));
    area.addEventListener("click", () => {
      if (area.selectionStart !== area.selectionEnd) return;
      const before = area.value.slice(0, area.selectionStart);
      this.onword?.(before.length - (/\S*$/u.exec(before)?.[0].length ?? 0));
    });
    area.addEventListener("input", () => {
      picker.value = "";
      this.#changed();
    });
    this.#changed();
  }

  get text(): string {
    return area.value;
  }

  /** Whether the user typed the text. */
  get isOwn(): boolean {
    return area.value !== "" && !SAMPLES.some(({ text }) => text === area.value);
  }

  /** Shows the language's sample, unless the user has typed something. */
  showSample(language: string | null | undefined): void {
    if (!this.isOwn) this.#choose(sampleOf(language) ?? SAMPLES[0]);
  }

  focus(): void {
    area.focus();
  }

  /** Prepares to mark what is spoken, from `start` on. */
  begin(start: number): void {
    this.#start = start;
    this.#spoken = area.value;
    this.#sentence = this.#word = undefined;
    // A long text is laid out now, so that its layout does not interrupt the sound.
    this.#backdrop.show(this.#spoken);
  }

  /** Marks the part of the text that is being spoken; `undefined` clears the mark. */
  markSentence(range: Partial<{ from: number | undefined; to: number | undefined }> | undefined): void {
    const { from = 0, to = 0 } = range ?? {};
    const [start, end] = [this.#start + from, this.#start + to];
    if (start === this.#sentence?.start && end === this.#sentence.end) return;
    this.#sentence = start < end ? { start, end } : undefined;
    if (this.#sentence === undefined) this.#word = undefined;
    this.#draw();
  }

  /** Marks the word that is being spoken. */
  markWord({ from, to }: { from: number; to: number }): void {
    this.#word = { start: this.#start + from, end: this.#start + to };
    this.#draw();
  }

  #choose(sample: Sample | undefined): void {
    if (sample === undefined) return;
    area.value = sample.text;
    area.lang = sample.tag;
    this.#backdrop.language = sample.tag;
    picker.value = sample.language;
    this.#changed();
  }

  /** Counts the words of a changed text, and draws its marks. */
  #changed(): void {
    clearTimeout(this.#counting);
    if (area.textLength < LONG) this.#count();
    else this.#counting = setTimeout(() => this.#count(), REST);
    this.#draw();
  }

  #count(): void {
    const words = countWords(area.value);
    count.textContent = `${words} ${words === 1 ? "word" : "words"}. `;
  }

  #draw(): void {
    const text = area.value;
    if (text === this.#spoken && this.#sentence !== undefined) this.#backdrop.mark(text, this.#sentence, this.#word);
    else this.#backdrop.clear();
  }
}
