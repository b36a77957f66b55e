/** Where a sentence stands in what was typed. */

import { expect, test } from "vitest";
import { locate } from "../demo/src/locate.js";

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
