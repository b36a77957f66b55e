/** The text: what is typed, and which sentence of it is being spoken. */

import { Backdrop, type Stretch } from "./backdrop.js";
import { byId } from "./dom.js";
import { SAMPLES, sampleOf, type Sample } from "./samples.js";
import { countWords } from "./words.js";

const area = byId("text", HTMLTextAreaElement);
const picker = byId("sample", HTMLSelectElement);
const count = byId("count", HTMLSpanElement);

/** Length of a text (in UTF-16 units) from which on words are counted only while nobody types. */
const LONG = 100_000;
/** Milliseconds without typing. */
const REST = 300;

export class Script {
  readonly #backdrop = new Backdrop(area);
  /** What is being spoken; if the text was changed meanwhile, no sentence is marked. */
  #spoken: string | undefined;
  #sounding: Stretch | undefined;
  #word: Stretch | undefined;
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

  /** Whether the user has typed it. */
  get isOwn(): boolean {
    return area.value !== "" && !SAMPLES.some(({ text }) => text === area.value);
  }

  /** Shows the language's sample, unless the user has typed something. */
  speaks(language: string | null | undefined): void {
    if (!this.isOwn) this.#choose(sampleOf(language) ?? SAMPLES[0]);
  }

  focus(): void {
    area.focus();
  }

  /** Speech begins there. */
  begin(start: number): void {
    this.#start = start;
    this.#spoken = area.value;
    this.#sounding = this.#word = undefined;
    // Laid out now, a long text does not delay the sound.
    this.#backdrop.show(this.#spoken);
  }

  /** This part of the text is being spoken; undefined at the end. */
  sounds(mark: Partial<{ from: number | undefined; to: number | undefined }> | undefined): void {
    const { from = 0, to = 0 } = mark ?? {};
    const [start, end] = [this.#start + from, this.#start + to];
    if (start === this.#sounding?.start && end === this.#sounding.end) return;
    this.#sounding = start < end ? { start, end } : undefined;
    if (this.#sounding === undefined) this.#word = undefined;
    this.#draw();
  }

  /** This word of it is being spoken. */
  says({ from, to }: { from: number; to: number }): void {
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

  /** The text was replaced. */
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
    if (text === this.#spoken && this.#sounding !== undefined) this.#backdrop.mark(text, this.#sounding, this.#word);
    else this.#backdrop.clear();
  }
}
