/** Bytes to text: UTF-8, or UTF-16 with a byte order mark, as the native command reads texts. */

import { PocketTTSError } from "./errors.js";

interface Encoding {
  /** The byte order mark. */
  mark: readonly number[];
  label: string;
  name: string;
}

const UTF8: Encoding = { mark: [0xef, 0xbb, 0xbf], label: "utf-8", name: "UTF-8" };
const ENCODINGS: readonly Encoding[] = [
  UTF8,
  { mark: [0xff, 0xfe], label: "utf-16le", name: "UTF-16LE" },
  { mark: [0xfe, 0xff], label: "utf-16be", name: "UTF-16BE" },
];
const LONGEST_MARK = 3;

/** A text, and what is wrong after it, if something is. */
export interface Decoded {
  text: string;
  failure: PocketTTSError | undefined;
}

/** Decodes bytes as they come. The text before something that cannot be decoded is not lost. */
export class ByteDecoder {
  /** Undefined until the first bytes tell it. */
  #encoding: Encoding | undefined;
  /** Bytes that are not decoded yet. */
  #rest = new Uint8Array(0);
  /** Bytes that were decoded. */
  #decoded = 0;
  /** The line that is being read. */
  #line = 1;
  #endsInReturn = false;

  /** Decodes `bytes`; `isLast` if no more come. */
  decode(bytes: Uint8Array, isLast: boolean): Decoded {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    this.#rest = all;
    if (this.#encoding === undefined) {
      if (all.length < LONGEST_MARK && !isLast && ENCODINGS.some((encoding) => mayBegin(all, encoding))) {
        return { text: "", failure: undefined };
      }
      const marked = ENCODINGS.find(({ mark }) => mark.every((byte, at) => all[at] === byte));
      this.#encoding = marked ?? UTF8;
      this.#take(marked?.mark.length ?? 0);
    }
    const { label, name } = this.#encoding;
    const { text, isWrong } = longestText(label, this.#rest);
    this.#take(label === UTF8.label ? new TextEncoder().encode(text).length : 2 * text.length);
    const zero = text.indexOf("\0");
    const good = zero < 0 ? text : text.slice(0, zero);
    this.#countLines(good);
    if (zero >= 0) {
      return { text: good, failure: unreadable(`line ${this.#line} holds a zero byte`) };
    }
    const isCut = isLast && this.#rest.length > 0;
    const failure =
      isWrong || isCut ? unreadable(`line ${this.#line} is not ${name} at byte ${this.#decoded + 1}`) : undefined;
    return { text, failure };
  }

  #take(count: number): void {
    this.#rest = this.#rest.slice(count);
    this.#decoded += count;
  }

  /** Counts the line ends of any system. */
  #countLines(text: string): void {
    // The first half of a line end was counted with the text before.
    const own = this.#endsInReturn && text.startsWith("\n") ? text.slice(1) : text;
    this.#line += own.match(/\r\n|\r|\n/g)?.length ?? 0;
    if (text !== "") {
      this.#endsInReturn = text.endsWith("\r");
    }
  }
}

/** Whether bytes may be the beginning of an encoding's mark. */
function mayBegin(bytes: Uint8Array, { mark }: Encoding): boolean {
  return bytes.every((byte, at) => at < mark.length && mark[at] === byte);
}

function unreadable(what: string): PocketTTSError {
  return new PocketTTSError("Text", `${what}: save the text as UTF-8`);
}

/** The longest text that `bytes` begin with, in whole characters, and whether something wrong follows it. */
function longestText(label: string, bytes: Uint8Array): { text: string; isWrong: boolean } {
  const decoded = (count: number): string | undefined => {
    try {
      const decoder = new TextDecoder(label, { fatal: true, ignoreBOM: true });
      return decoder.decode(bytes.subarray(0, count), { stream: true });
    } catch {
      return undefined;
    }
  };
  const text = decoded(bytes.length);
  if (text !== undefined) {
    return { text, isWrong: false };
  }
  // What is wrong stays wrong when more follows, so its place can be searched by halves.
  let good = 0;
  let bad = bytes.length;
  while (good + 1 < bad) {
    const middle = (good + bad) >> 1;
    if (decoded(middle) === undefined) {
      bad = middle;
    } else {
      good = middle;
    }
  }
  return { text: decoded(good) ?? "", isWrong: true };
}
