/** The events of one utterance, in order: start, sentences and the words in them, end. */

import type { SpeechEvent } from "../messages.js";

/** A part of the text. */
interface Part {
  from: number;
  to: number;
}

export class EventOrder {
  readonly #tell: (event: SpeechEvent) => void;
  readonly #text: string;
  /** Sentences that have not begun. */
  readonly #sentences: Part[];
  #started = false;
  #ended = false;
  /** Words that begin in the last sound before a pause. */
  #held: Part[] | undefined;
  /** Position of the last sentence or word that was reported. */
  #at = 0;

  constructor(text: string, language: string | undefined, tell: (event: SpeechEvent) => void) {
    this.#text = text;
    this.#sentences = sentences(text, language);
    this.#tell = tell;
  }

  get started(): boolean {
    return this.#started;
  }

  /** Call it when sound is heard. */
  start(): void {
    if (this.#started || this.#ended) return;
    this.#started = true;
    this.#tell({ type: "start", charIndex: 0 });
    this.reach(this.#sentences[0]?.from ?? 0);
  }

  /** Call it when a word begins; the spaces around it are removed. */
  word({ from, to }: Part): void {
    if (this.#ended) return;
    if (this.#held !== undefined) {
      this.#held.push({ from, to });
      return;
    }
    this.start();
    const written = this.#text.slice(from, to);
    const word = written.trim();
    if (word === "") return;
    const charIndex = from + written.indexOf(word);
    this.reach(charIndex);
    this.#at = charIndex;
    this.#tell({ type: "word", charIndex, length: word.length });
  }

  /** Reports the sentences that begin up to here. */
  reach(position: number): void {
    if (this.#ended) return;
    for (let next = this.#sentences[0]; next !== undefined && next.from <= position; next = this.#sentences[0]) {
      this.#sentences.shift();
      // A sentence without a word is skipped if the next one has begun, too.
      const following = this.#sentences[0];
      if (following !== undefined && following.from <= position) continue;
      this.start();
      this.#at = next.from;
      this.#tell({ type: "sentence", charIndex: next.from, length: next.to - next.from });
    }
  }

  /** Reports nothing until `resume`. */
  pause(): void {
    if (!this.#started || this.#ended) return;
    this.#held = [];
    this.#tell({ type: "pause", charIndex: this.#at });
  }

  resume(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined || this.#ended) return;
    this.#tell({ type: "resume", charIndex: this.#at });
    for (const word of held) this.word(word);
  }

  /** Call it when all has been heard. */
  end(): void {
    if (this.#ended) return;
    this.start();
    this.#finish({ type: "end", charIndex: this.#text.length });
  }

  /** Call it when the utterance was stopped, or replaced by another one. */
  interrupt(): void {
    this.#finish({ type: "interrupted", charIndex: this.#at });
  }

  fail(errorMessage: string): void {
    this.#finish({ type: "error", charIndex: this.#at, errorMessage });
  }

  #finish(event: SpeechEvent): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#tell(event);
  }
}

/** The sentences of a text, without the spaces around them. */
function sentences(text: string, language: string | undefined): Part[] {
  const segmenter = new Intl.Segmenter(supported(language), { granularity: "sentence" });
  return Array.from(segmenter.segment(text), ({ index, segment }) => {
    const from = index + segment.length - segment.trimStart().length;
    return { from, to: from + segment.trim().length };
  }).filter(({ from, to }) => from < to);
}

/** The language, if the browser accepts its tag: pages may contain anything. */
function supported(language: string | undefined): string | undefined {
  try {
    return language === undefined ? undefined : Intl.Segmenter.supportedLocalesOf(language)[0];
  } catch {
    return undefined;
  }
}
