/** Texts that arrive in pieces. */

import { guard } from "./checks/guard.js";
import { ByteDecoder, type Decoded } from "./decoding.js";
import { PocketTTSError } from "./errors.js";
import { endsInHalf, slices } from "./slices.js";

/** UTF-16 units that may wait to be spoken before a source is asked to wait. */
const ROOM = 1 << 15;

/** A piece of an arriving text, or the request to speak what has come. */
export type Piece = { kind: "text"; text: string } | { kind: "flush" };

/** Gives this module the reading side of a `TextStream`, without making it public. */
let open: (stream: TextStream) => Reading;

/** Whether an object is what the constructor of `TextStream` made. */
let isMade: (value: object) => boolean;

/** The reading side of an arriving text. */
export interface Reading {
  /** The next piece; undefined at the end. Throws the error of the text's source. */
  next(): Promise<Piece | undefined>;
  /** Stops reading. */
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
  /** The first half of a character that was cut between two pieces. */
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
   * Adds a piece of any length. Resolves when there is room for more (awaiting it is optional); rejects if the
   * text was closed, or is no longer being spoken.
   */
  async push(text: string): Promise<void> {
    if (typeof text !== "string") {
      throw new PocketTTSError("Text", "what is pushed must be a string");
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

  /**
   * Speaks everything pushed so far, without waiting for the end of a sentence. After the end of the text it changes
   * nothing.
   */
  flush(): void {
    if (this.#state !== "open") {
      return;
    }
    this.#add(this.#half);
    this.#half = "";
    this.#pieces.push({ kind: "flush" });
    this.#wake();
  }

  /** Ends the text. Calling it again changes nothing. */
  close(): void {
    if (this.#state === "open") {
      this.#add(this.#half);
      this.#state = "closed";
      this.#wake();
    }
  }

  /** Ends the text with an error: the last whole sentence is still spoken, then the request throws `error`. */
  abort(error: unknown): void {
    if (this.#state === "open") {
      this.#state = "failed";
      this.#error = error;
      this.#wake();
    }
  }

  #check(): void {
    if (this.#state === "ended") {
      throw new PocketTTSError("Text", "this text is no longer being spoken");
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
    // A language model's tokens are short: one message carries all that have come.
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

/** What can be spoken: a text, or a source of text. */
export type TextSource =
  | string
  | TextStream
  | AsyncIterable<string | Uint8Array>
  | ReadableStream<string>
  | ReadableStream<Uint8Array>
  | ReadableStream<string | Uint8Array>;

/** Whether `value` is a text, or a source of text. */
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
  const decoder = new ByteDecoder();
  let isOver = false;
  /** What is thrown after the text before it. */
  let failure: PocketTTSError | undefined;
  // The first half of a character that was cut between two pieces.
  let half = "";
  const decoded = ({ text, failure: found }: Decoded): string => {
    failure = found;
    return text;
  };
  const text = (piece: unknown): string => {
    const isBytes = piece instanceof Uint8Array;
    if (!isBytes && typeof piece !== "string") {
      throw new PocketTTSError("Text", "the pieces of a text must be strings, or bytes in UTF-8");
    }
    const whole = half + (isBytes ? decoded(decoder.decode(piece, false)) : piece);
    const end = endsInHalf(whole) ? whole.length - 1 : whole.length;
    half = whole.slice(end);
    return whole.slice(0, end);
  };
  return {
    async next() {
      while (!isOver && failure === undefined) {
        const next = await pieces.next();
        isOver = next.done;
        const piece = next.done ? half + decoded(decoder.decode(new Uint8Array(0), true)) : text(next.value);
        if (piece !== "") {
          return { kind: "text", text: piece };
        }
      }
      if (failure !== undefined) {
        throw failure;
      }
      return undefined;
    },
    end() {
      isOver = true;
      failure = undefined;
      pieces.end();
    },
  };
}

interface Pieces {
  next(): Promise<{ done: false; value: unknown } | { done: true; value?: unknown }>;
  end(): void;
}

/** The pieces of a stream. Not every browser can iterate over one. */
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
    // A source that is being awaited may answer late or never, so its end is not awaited.
    end: () => {
      if (!isOver) {
        void (async () => iterator.return?.())().catch(() => {});
      }
    },
  };
}
