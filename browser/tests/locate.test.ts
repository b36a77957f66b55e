/** Where a sentence stands in what was typed. */

import { expect, test } from "vitest";
import { locate, REACH } from "../demo/src/locate.js";
import { countWords } from "../demo/src/words.js";

test.each([
  ["One. Two. Three.", "Two.", 0, "Two."],
  ["one two  three", "One two three.", 0, "one two  three"],
  ["He said: “Now!” And left.", "Now!", 0, "“Now!”"],
  ["¿Qué? (Nada.) Ya.", "Nada.", 0, "(Nada.)"],
  ["No. No. No.", "No.", 3, "No."],
  ["Zwölf Ärzte.\n\nNeun.", "ZWÖLF ÄRZTE", 0, "Zwölf Ärzte."],
  ["𝒜 letter. Next.", "Next.", 0, "Next."],
  ["One. Two.", "Three.", 0, undefined],
  ["One. Two.", "One.", 5, undefined],
  ["One.", "…", 0, undefined],
  ["", "One.", 0, undefined],
])("%j holds %j from %d on", (text, sentence, from, expected) => {
  const found = locate(text, sentence, from);
  expect(found && text.slice(found.start, found.end)).toBe(expected);
  if (found) expect(found.start).toBeGreaterThanOrEqual(from);
});

test("a sentence is looked for near the last one, not in the rest of a long text", () => {
  const text = `${"One. ".repeat(200_000)}Two. ${"One. ".repeat(REACH)}Three.`;
  const from = text.indexOf("Two");
  expect(locate(text, "Two.", from - 100)).toEqual({ start: from, end: from + 4 });
  expect(locate(text, "Three.", from)).toBeUndefined();
  expect(locate(text, "Three.", from, text.length)?.end).toBe(text.length);
});

test.each([
  ["", 0],
  [" \n", 0],
  ["One", 1],
  [" One\n\ntwo\u00a0three ", 3],
])("%j has %d words", (text, expected) => expect(countWords(text)).toBe(expected));
