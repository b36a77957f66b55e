/** `--words FILE`: when each word is spoken, as data or as subtitles. */

/// <reference types="node" />

import { extname } from "node:path";
import type { WordSubtitles } from "../../wasm/encode/pocket_onnx_encode.js";
import type { SpeechChunk } from "../speech.js";
import type { Encoders } from "../worker/encoders.js";
import { UsageError } from "./arguments.js";
import type { Text } from "./text-input.js";

/** A word for programs: its bytes in the text, and its times in seconds. */
interface TimedWord {
  text: string;
  start: number;
  end: number;
  from: number;
  to: number;
}

/** All words of an utterance. */
export class WordTimes {
  readonly words: TimedWord[] = [];
  /** Undefined for data. */
  readonly #subtitles: WordSubtitles | undefined;
  /** Where the last word ends in the given text, in UTF-16 units. */
  #end = 0;
  /** The given text from there on, as far as it has come. */
  #ahead = "";
  /** Bytes of the text so far. */
  #bytes = 0;
  /** Where the last chunk of text begins. */
  #chunk: number | undefined;

  private constructor(subtitles: WordSubtitles | undefined) {
    this.#subtitles = subtitles;
  }

  /** For the file `path`, whose ending gives the format; without it for a summary. */
  static of(path: string | undefined, encoders: Encoders): WordTimes {
    const ending = path === undefined ? "json" : extname(path).slice(1);
    if (ending.toLowerCase() === "json") {
      return new WordTimes(undefined);
    }
    const subtitles = encoders.WordSubtitles.ofEnding(ending);
    if (subtitles === undefined) {
      throw new UsageError(
        `${path}: words are written as .json, .srt, .vtt or .ass: give a name with one of these endings`,
      );
    }
    return new WordTimes(subtitles);
  }

  /** The text, whose pieces are noted as they are read. */
  hear(text: Text): Text {
    if (typeof text === "string") {
      this.#ahead += text;
      return text;
    }
    const note = (piece: string) => {
      this.#ahead += piece;
      return piece;
    };
    return (async function* noted() {
      for await (const piece of text) {
        yield note(piece);
      }
    })();
  }

  /** Adds the words of a chunk. */
  add({ words, from: chunk }: Pick<SpeechChunk, "words" | "from">): void {
    for (const { text, start, end, from, to } of words) {
      const before = text.slice(0, from - this.#end);
      const given = text.slice(before.length, before.length + to - from);
      const first = this.#bytes + Buffer.byteLength(before);
      const last = first + Buffer.byteLength(given);
      this.words.push({ text, start: milliseconds(start), end: milliseconds(end), from: first, to: last });
      this.#subtitles?.add(before, given, start, end, this.#chunk !== chunk);
      this.#chunk = chunk;
      this.#ahead = this.#ahead.slice(to - this.#end);
      this.#end = to;
      this.#bytes = last;
    }
  }

  /** Ends the text: what follows the last word belongs to it, so that all texts joined are the given text. */
  finish(): void {
    const last = this.words.at(-1);
    if (last !== undefined) {
      last.text += this.#ahead;
    }
  }

  /** The content of the file. */
  file(): Uint8Array {
    return Buffer.from(this.#subtitles?.write() ?? `${JSON.stringify(this.words, undefined, 2)}\n`);
  }
}

function milliseconds(seconds: number): number {
  return Math.round(seconds * 1e3) / 1e3;
}
