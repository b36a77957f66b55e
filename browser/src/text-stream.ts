/** Texts that arrive in pieces. */

import { guard } from "./checks/guard.js";
import { PocketTTSError } from "./errors.js";
import { endsInHalf, slices } from "./slices.js";

/** UTF-16 units that may wait to be spoken before a source is asked to wait. */
const ROOM = 1 << 15;

/** What comes next of a text. */
export type Piece = { kind: "text"; text: string } | { kind: "flush" };

/** Who has to be told how a `TextStream` goes on: its one reader. */
let open: (stream: TextStream) => Reading;

/** Whether an object is what the constructor of `TextStream` made. */
let isMade: (value: object) => boolean;

/** The reader's side of a `TextStream`. */
export interface Reading {
  /** The next piece; none at the end. Throws what the text breaks off with. */
  next(): Promise<Piece | undefined>;
  /** Nobody reads any more. */
  end(): void;
}

/**
 * A text that is written while it is spoken.
 *
 *     const text = new TextStream();
 *     const spoken = tts.speak(text);
 *     await text.push("Hello ");
 *     await text.push("world.");
 *     text.close();
 *     await spoken;
 */
export class TextStream {
  readonly #pieces: Piece[] = [];
  /** UTF-16 units in them. */
  #units = 0;
  /** The first half of a character whose second half has to come. */
  #half = "";
  #state: "open" | "closed" | "failed" | "ended" = "open";
  #error: unknown;
  #isRead = false;
  #changed: (() => void)[] = [];

  static {
    open = (stream) => stream.#open();
    isMade = (value) => #pieces in value;
    guard(this, "TextStream", "`new TextStream()`", isMade);
  }

  /**
   * Adds a piece of any length. Resolves when there is room for more, which nobody has to wait for;
   * rejects when the text was closed, or is spoken no more.
   */
  async push(text: string): Promise<void> {
    if (typeof text !== "string") {
      throw new PocketTTSError("Text", "what is pushed has to be a string");
    }
    this.#check();
    const whole = this.#half + text;
    const end = endsInHalf(whole) ? whole.length - 1 : whole.length;
    this.#half = whole.slice(end);
    this.#add(whole.slice(0, end));
    while (this.#units >= ROOM && this.#state !== "ended") {
      await this.#change();
    }
    if (this.#state === "ended") {
      this.#check();
    }
  }

  /** Has all that was pushed spoken, without waiting for the end of a sentence. */
  flush(): void {
    this.#check();
    this.#add(this.#half);
    this.#half = "";
    this.#pieces.push({ kind: "flush" });
    this.#wake();
  }

  /** The text is over. Closing it again changes nothing. */
  close(): void {
    if (this.#state === "open") {
      this.#add(this.#half);
      this.#state = "closed";
      this.#wake();
    }
  }

  /** The text breaks off: what is spoken ends behind its last whole sentence, and throws `error`. */
  abort(error: unknown): void {
    if (this.#state === "open") {
      this.#state = "failed";
      this.#error = error;
      this.#wake();
    }
  }

  #check(): void {
    if (this.#state === "ended") {
      throw new PocketTTSError("Text", "nobody speaks this text any more");
    }
    if (this.#state !== "open") {
      throw new PocketTTSError("Text", "the text was closed: nothing can be added");
    }
  }

  #add(text: string): void {
    const last = this.#pieces.at(-1);
    if (text === "") {
      return;
    }
    // Tokens of a model are short: one message takes all that have come.
    if (last?.kind === "text" && last.text.length + text.length < ROOM / 4) {
      last.text += text;
    } else {
      for (const piece of slices(text, ROOM / 4)) {
        this.#pieces.push({ kind: "text", text: piece });
      }
    }
    this.#units += text.length;
    this.#wake();
  }

  #open(): Reading {
    if (this.#isRead) {
      throw new PocketTTSError("Text", "this TextStream is spoken already: make one for each text");
    }
    this.#isRead = true;
    return {
      next: async () => {
        for (;;) {
          const piece = this.#pieces.shift();
          if (piece !== undefined) {
            if (piece.kind === "text") {
              this.#units -= piece.text.length;
              this.#wake();
            }
            return piece;
          }
          if (this.#state === "failed") {
            throw this.#error;
          }
          if (this.#state !== "open") {
            return undefined;
          }
          await this.#change();
        }
      },
      end: () => {
        this.#state = "ended";
        this.#pieces.length = 0;
        this.#wake();
      },
    };
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed.push(resolve);
    });
  }

  #wake(): void {
    const changed = this.#changed;
    this.#changed = [];
    for (const resolve of changed) {
      resolve();
    }
  }
}

/** What can be spoken: a text, or where it comes from. */
export type TextSource =
  | string
  | TextStream
  | AsyncIterable<string | Uint8Array>
  | ReadableStream<string>
  | ReadableStream<Uint8Array>
  | ReadableStream<string | Uint8Array>;

/** Whether `value` is a text, or something that text can come from. */
export function isTextSource(value: unknown): value is TextSource {
  if (typeof value === "string") {
    return true;
  }
  return (
    typeof value === "object" &&
    value !== null &&
    (isMade(value) ||
      value instanceof ReadableStream ||
      (Symbol.asyncIterator in value && typeof value[Symbol.asyncIterator] === "function"))
  );
}

/** Starts to read a text that arrives in pieces. */
export function reading(source: Exclude<TextSource, string>): Reading {
  if (isMade(source)) {
    return open(source as TextStream);
  }
  const pieces = source instanceof ReadableStream ? chunks(source) : iterated(source as AsyncIterable<unknown>);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let isOver = false;
  // Which of both kinds comes; bytes may cut a character, and so may strings.
  let half = "";
  const text = (piece: unknown): string => {
    const isBytes = piece instanceof Uint8Array;
    if (!isBytes && typeof piece !== "string") {
      throw new PocketTTSError("Text", "the pieces of a text have to be strings, or bytes in UTF-8");
    }
    const whole = half + (isBytes ? decoded(() => decoder.decode(piece, { stream: true })) : piece);
    const end = endsInHalf(whole) ? whole.length - 1 : whole.length;
    half = whole.slice(end);
    return whole.slice(0, end);
  };
  return {
    async next() {
      while (!isOver) {
        const next = await pieces.next();
        isOver = next.done;
        const piece = next.done ? half + decoded(() => decoder.decode()) : text(next.value);
        if (piece !== "") {
          return { kind: "text", text: piece };
        }
      }
      return undefined;
    },
    end() {
      isOver = true;
      pieces.end();
    },
  };
}

function decoded(decode: () => string): string {
  try {
    return decode();
  } catch (cause) {
    throw new PocketTTSError("Text", "the bytes of the text are not UTF-8", { cause });
  }
}

interface Pieces {
  next(): Promise<{ done: false; value: unknown } | { done: true; value?: unknown }>;
  end(): void;
}

/** Not every browser iterates over a stream. */
function chunks(stream: ReadableStream<unknown>): Pieces {
  let reader: ReadableStreamDefaultReader<unknown>;
  try {
    reader = stream.getReader();
  } catch (cause) {
    throw new PocketTTSError("Text", "the stream of the text is read elsewhere", { cause });
  }
  return {
    next: () => reader.read(),
    end: () => void reader.cancel().catch(() => {}),
  };
}

function iterated(source: AsyncIterable<unknown>): Pieces {
  const iterator = source[Symbol.asyncIterator]();
  let isOver = false;
  return {
    async next() {
      const { done, value } = await iterator.next();
      isOver = done === true;
      return done === true ? { done } : { done: false, value };
    },
    // A source that is at work may answer late, or never.
    end: () => {
      if (!isOver) {
        void (async () => iterator.return?.())().catch(() => {});
      }
    },
  };
}
