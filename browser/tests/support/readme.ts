/** The code in a README. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { PACKAGE } from "./bundles.js";

/** The code of this language in the package's README that holds these words. */
export async function readmeCode(language: string, words: string): Promise<string> {
  const text = await readFile(join(PACKAGE, "README.md"), "utf8");
  const blocks = Array.from(text.matchAll(/```(\w+)\n([\s\S]*?)```/g));
  const found = blocks.find(([, is, code]) => is === language && code?.includes(words))?.[2];
  if (found === undefined) throw new Error(`README.md shows no ${language} with ${words}`);
  return found;
}
