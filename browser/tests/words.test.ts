/** Words of a text. */

import { expect, test } from "vitest";
import { countWords } from "../demo/src/words.js";

test.each([
  ["", 0],
  [" \n", 0],
  ["One", 1],
  [" One\n\ntwo\u00a0three ", 3],
])("%j has %d words", (text, expected) => expect(countWords(text)).toBe(expected));
