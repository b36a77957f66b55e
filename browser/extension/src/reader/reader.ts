/** Reads the page that it is run in aloud. Each run takes the place of the one before. */

import { askBackground, connectSpeaker, type SpeakerPort, type SpeechEvent } from "../messages.js";
import { chosenModel, chosenVoice, settings } from "../settings.js";
import { tagOf } from "../voices.js";
import { mark, unmark } from "./highlight.js";
import { ReadableText } from "./text.js";

/** What a page has to read. */
export interface Offer {
  /** Whether it is what the user has selected. */
  isSelection: boolean;
  /** UTF-16 units of text. */
  length: number;
}

declare global {
  /** The last run in this page. */
  var pocketOnnxReader: Reader | undefined;
}

class Reader {
  readonly #text = ReadableText.of(document);
  readonly #escape = (event: KeyboardEvent) => {
    if (event.key === "Escape") this.stop();
  };
  /** The page is left, perhaps to be shown again. */
  readonly #left = () => this.stop();
  #port: SpeakerPort | undefined;

  offer(): Offer {
    const { isSelection, text } = this.#text;
    return { isSelection, length: text.trim().length };
  }

  async read(): Promise<void> {
    for (const page of pages()) page.addEventListener("keydown", this.#escape, true);
    addEventListener("pagehide", this.#left);
    const now = await settings();
    const { bundle, language } = chosenModel(now);
    this.#port = connectSpeaker(
      (message) => message.kind === "event" && this.#hear(message.event),
      () => this.stop(),
    );
    this.#port.postMessage({
      kind: "speak",
      id: 1,
      text: this.#text.text,
      bundle,
      voice: chosenVoice(now),
      // The page's own language is the best guide to where its sentences end.
      language: document.documentElement.lang || tagOf(language),
      rate: now.rate,
      volume: 1,
    });
  }

  stop(): void {
    for (const page of pages()) page.removeEventListener("keydown", this.#escape, true);
    removeEventListener("pagehide", this.#left);
    unmark();
    // When a port is disconnected, the speaker stops its utterance.
    this.#port?.disconnect();
    this.#port = undefined;
  }

  #hear({ type, charIndex, length = 0, errorMessage = "" }: SpeechEvent): void {
    switch (type) {
      case "word": {
        const range = this.#text.range(charIndex, charIndex + length);
        if (range !== undefined) mark(range);
        break;
      }
      case "error":
        // The popup may be closed.
        void askBackground({ kind: "failed", message: errorMessage });
        this.stop();
        break;
      case "end":
      case "interrupted":
        this.stop();
        break;
      case "start":
      case "sentence":
      case "pause":
      case "resume":
        break;
    }
  }
}

/** This page, and those around it that are of the same site: any of them may have the keyboard. */
function* pages(): Generator<Document> {
  yield document;
  for (let inner: Window = window; inner !== inner.parent; inner = inner.parent) {
    try {
      yield inner.parent.document;
    } catch {
      // Of another site.
      return;
    }
  }
}

globalThis.pocketOnnxReader?.stop();
globalThis.pocketOnnxReader = new Reader();
