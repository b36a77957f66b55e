/** The text of an utterance, on its way to the wasm module: all of it at once, or as it arrives. */

import type * as Normalize from "../../wasm/normalize/pocket_onnx_normalize.js";
import type { Action, ArrivingText, Utterance } from "../../wasm/simd/pocket_onnx.js";
import { slices } from "../slices.js";
import type { Module } from "./module.js";

/** UTF-16 units of a text that are copied into the module's memory at once. */
export const SLICE = 1 << 14;

/** While fewer bytes than this wait in the module, it gets more. It must exceed what the module holds back. */
const ENOUGH = 1 << 13;

export class TextFeed {
  readonly #arriving: ArrivingText;
  /** The unread rest of a complete text. */
  #rest: Generator<string, void> | undefined;
  readonly #read: (units: number) => void;
  #wake: (() => void) | undefined;
  #isFreed = false;
  /** Milliseconds that were spent on waiting for text. */
  waited = 0;

  /**
   * The text is `text`, or if that is undefined, what is pushed; an unfinished sentence of it is then spoken
   * after `silence` milliseconds without more. `read` is called with the number of UTF-16 units that were read.
   */
  constructor({ wasm }: Module, text: string | undefined, silence: number, read: (units: number) => void) {
    this.#arriving = new wasm.ArrivingText(silence, performance.now());
    this.#rest = text === undefined ? undefined : slices(text, SLICE);
    this.#read = read;
  }

  /** Adds a piece of the text. */
  push(text: string): void {
    if (!this.#isFreed) {
      this.#arriving.push(text, performance.now());
      this.wake();
    }
  }

  /** Speaks everything pushed so far, without waiting for the end of a sentence. */
  flush(): void {
    if (!this.#isFreed) {
      this.#arriving.flush();
      this.wake();
    }
  }

  /** Ends the text; `isBroken` if its source failed. */
  close(isBroken: boolean): void {
    if (this.#isFreed) {
      return;
    }
    if (isBroken) {
      this.#arriving.breakOff();
    } else {
      this.#arriving.close();
    }
    this.wake();
  }

  /** Wakes what waits for text. */
  wake(): void {
    this.#wake?.();
  }

  /** Pushes the next piece into an utterance, or waits until there is one. */
  async advance(
    utterance: Utterance,
    rewriter: Normalize.Rewriter | undefined,
    { hasText, chunks }: Extract<Action, { kind: "wait" }>,
  ): Promise<void> {
    this.#fill();
    const keepsText = rewriter !== undefined && rewriter.kept > 0;
    const next = this.#arriving.next(hasText || keepsText, chunks, performance.now());
    switch (next.kind) {
      case "text":
        this.#read(next.text.length);
        if (rewriter === undefined) {
          utterance.push(next.text, undefined, undefined);
        } else {
          push(utterance, rewriter.push(next.text));
        }
        break;
      case "flush":
        if (rewriter !== undefined) {
          push(utterance, rewriter.finish());
        }
        utterance.flush();
        break;
      case "over":
        if (rewriter !== undefined) {
          push(utterance, rewriter.finish());
        }
        utterance.close();
        break;
      case "nothing":
        await this.#change(next.wait);
        break;
    }
  }

  free(): void {
    this.#isFreed = true;
    this.#arriving.free();
  }

  /** Copies more of a complete text into the module. */
  #fill(): void {
    while (this.#rest !== undefined && this.#arriving.waiting < ENOUGH) {
      const { done, value } = this.#rest.next();
      if (done === true) {
        this.#rest = undefined;
        this.#arriving.close();
      } else {
        this.#arriving.push(value, performance.now());
      }
    }
  }

  /** Waits for a change, or for at most so many milliseconds. */
  async #change(milliseconds: number | undefined): Promise<void> {
    const start = performance.now();
    await new Promise<void>((resolve) => {
      const timer = milliseconds === undefined ? undefined : setTimeout(resolve, Math.ceil(milliseconds));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
    this.waited += performance.now() - start;
  }
}

function push(utterance: Utterance, rewritten: Normalize.Rewritten): void {
  try {
    const { source, text, parts } = rewritten;
    if (source !== "") {
      utterance.push(text, source, parts);
    }
  } finally {
    rewritten.free();
  }
}
