/** The text: what is typed, and which sentence of it sounds. */

import { byId, make } from "./dom.js";
import { locate, type Stretch } from "./locate.js";
import { SAMPLES, sampleOf, type Sample } from "./samples.js";

const area = byId("text", HTMLTextAreaElement);
const backdrop = byId("backdrop", HTMLDivElement);
const picker = byId("sample", HTMLSelectElement);
const count = byId("count", HTMLSpanElement);

export class Script {
  /** What is being spoken; a text that was changed meanwhile has no sentence that sounds. */
  #spoken: string | undefined;
  #sentence: string | undefined;
  /** Pixels between the field's edge and the text. */
  readonly #margin = Number.parseFloat(getComputedStyle(area).paddingTop);
  /** Where what sounded last ends. */
  #from = 0;
  #sounding: Stretch | undefined;

  constructor() {
    const options = SAMPLES.map((it) => new Option(it.label, it.language));
    picker.append(new Option("choose …", ""), ...options);
    picker.addEventListener("change", () => this.#choose(sampleOf(picker.value)));
    area.addEventListener("input", () => {
      picker.value = "";
      this.#draw();
    });
    area.addEventListener("scroll", () => (backdrop.scrollTop = area.scrollTop));
    this.#draw();
  }

  get text(): string {
    return area.value;
  }

  /** Whether the reader has typed it. */
  get isOwn(): boolean {
    return area.value !== "" && !SAMPLES.some(({ text }) => text === area.value);
  }

  /** Shows the language's sample, unless the reader has typed something. */
  speaks(language: string | null | undefined): void {
    if (!this.isOwn) this.#choose(sampleOf(language) ?? SAMPLES[0]);
  }

  focus(): void {
    area.focus();
  }

  /** Speech begins. */
  begin(): void {
    this.#spoken = area.value;
    this.#sentence = this.#sounding = undefined;
    this.#from = 0;
  }

  /** This sentence sounds now; none at the end. */
  sounds(sentence: string | undefined): void {
    if (sentence === this.#sentence) return;
    this.#sentence = sentence;
    this.#sounding = locate(this.#spoken ?? "", sentence ?? "", this.#from);
    this.#from = this.#sounding?.end ?? this.#from;
    this.#draw();
  }

  #choose(sample: Sample | undefined): void {
    if (sample === undefined) return;
    area.value = sample.text;
    area.lang = backdrop.lang = sample.tag;
    picker.value = sample.language;
    this.#draw();
  }

  #draw(): void {
    const text = area.value;
    const words = text.match(/\S+/g)?.length ?? 0;
    count.textContent = `${words} ${words === 1 ? "word" : "words"}. `;
    const sounding = text === this.#spoken ? this.#sounding : undefined;
    // The line break at the end gives the last line its height, as a text area does.
    if (sounding === undefined) {
      backdrop.replaceChildren(`${text}\n`);
      return;
    }
    const { start, end } = sounding;
    const mark = make("mark", text.slice(start, end));
    backdrop.replaceChildren(text.slice(0, start), mark, `${text.slice(end)}\n`);
    const below = mark.offsetTop + mark.offsetHeight > area.scrollTop + area.clientHeight;
    // The first line stands as far from the edge as the text begins.
    if (below || mark.offsetTop < area.scrollTop) area.scrollTop = mark.offsetTop - this.#margin;
    backdrop.scrollTop = area.scrollTop;
  }
}
