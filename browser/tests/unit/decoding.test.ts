/** Bytes become text as the native command reads it. */

import { expect, test } from "vitest";
import { ByteDecoder } from "../../src/decoding.js";

/** What comes of bytes that arrive in pieces of `size`. */
function decode(bytes: Uint8Array, size: number): { text: string; failure: string | undefined } {
  const decoder = new ByteDecoder();
  let text = "";
  for (let at = 0; ; at += size) {
    const isLast = at >= bytes.length;
    const decoded = decoder.decode(bytes.subarray(at, at + size), isLast);
    text += decoded.text;
    if (decoded.failure !== undefined || isLast) {
      return { text, failure: decoded.failure?.message };
    }
  }
}

function utf16(text: string, isLittle: boolean): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(2 * text.length));
  for (let at = 0; at < text.length; at++) {
    bytes.setUint16(2 * at, text.charCodeAt(at), isLittle);
  }
  return new Uint8Array(bytes.buffer);
}

const utf8 = (text: string) => new TextEncoder().encode(text);
const latin1 = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

test("texts are read as people have them, in pieces of any size", () => {
  for (const text of ["", "H", "Hello.", "é", "Zwölf Ärzte, 語 and 𝒜.\r\n".repeat(40)]) {
    const marked = `\u{feff}${text}`;
    for (const bytes of [utf8(text), utf8(marked), utf16(marked, true), utf16(marked, false)]) {
      for (const size of [1, 2, 3, 7, 100_000]) {
        expect(decode(bytes, size)).toEqual({ text, failure: undefined });
      }
    }
  }
});

test("what cannot be decoded is named, after the text before it", () => {
  const long = "A line.\n".repeat(999);
  const cases: [Uint8Array, string, string][] = [
    [latin1("caf\xe9"), "caf", "line 1 is not UTF-8 at byte 4: save the text as UTF-8"],
    [latin1("one\ntwo\r\ncaf\xe9\n"), "one\ntwo\r\ncaf", "line 3 is not UTF-8"],
    [latin1("one\rtwo\rcaf\xe9\r"), "one\rtwo\rcaf", "line 3 is not UTF-8"],
    [latin1(`${long}\x93Hi\x94`), long, "line 1000 is not UTF-8"],
    // A character that the end of the file cuts.
    [latin1("one\n\xc3"), "one\n", "line 2 is not UTF-8"],
    [latin1("\xff\xfeH\0\n\0\0\xd8x\0"), "H\n", "line 2 is not UTF-16LE"],
    [latin1("\xff\xfeH\0i"), "H", "line 1 is not UTF-16LE"],
    // UTF-16 without a mark.
    [latin1("H\0i\0"), "H", "line 1 holds a zero byte"],
  ];
  for (const [bytes, text, failure] of cases) {
    for (const size of [1, 3, 100_000]) {
      expect(decode(bytes, size)).toEqual({ text, failure: expect.stringMatching(`^${failure}`) });
    }
  }
});
