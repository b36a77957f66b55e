/** Reads the page that it is run in aloud. Each run takes the place of the one before. */

import { connectSpeaker, type SpeakerPort, type SpeechEvent } from "../messages.js";
import { chosenModel, chosenVoice, settings } from "../settings.js";
import { tagOf } from "../voices.js";
import { Mark } from "./highlight.js";
import { ReadableText } from "./text.js";

declare global {
  /** Ends the present reading of this page. */
  var pocketOnnxStop: (() => void) | undefined;
}

class Reading {
  readonly #text = ReadableText.of(document);
  readonly #mark = new Mark();
  readonly #escape = (event: KeyboardEvent) => {
    if (event.key === "Escape") this.stop();
  };
  #port: SpeakerPort | undefined;

  async start(): Promise<void> {
    document.addEventListener("keydown", this.#escape, true);
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
    document.removeEventListener("keydown", this.#escape, true);
    this.#mark.remove();
    // When a port is disconnected, the speaker stops its utterance.
    this.#port?.disconnect();
    this.#port = undefined;
  }

  #hear({ type, charIndex, length = 0 }: SpeechEvent): void {
    switch (type) {
      case "word": {
        const range = this.#text.range(charIndex, charIndex + length);
        if (range !== undefined) this.#mark.show(range);
        break;
      }
      case "end":
      case "interrupted":
      case "error":
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

globalThis.pocketOnnxStop?.();
const reading = new Reading();
globalThis.pocketOnnxStop = () => reading.stop();
void reading.start();
