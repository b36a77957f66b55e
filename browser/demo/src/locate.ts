/** Finds what is being spoken in what was typed. */

/** A stretch of a text, in UTF-16 units. */
export interface Stretch {
  start: number;
  end: number;
}

/** Units behind the last sentence in which the next one is looked for, besides its own length. */
export const REACH = 4_000;

/** Units of punctuation that open a sentence at most. */
const LONGEST_OPENING = 16;

/**
 * Where `sentence` stands in `text` from `from` on, within some `reach`: sentences come in order, so
 * that the rest of a long text need not be read. Before it is spoken a text is tidied: white space,
 * case and punctuation may differ, so only letters and digits are compared.
 */
export function locate(text: string, sentence: string, from = 0, reach = REACH): Stretch | undefined {
  const wanted = letters(sentence);
  if (wanted.length === 0) return undefined;
  const all = letters(text.slice(from, from + 4 * sentence.length + reach));
  for (let at = 0; at + wanted.length <= all.length; at += 1) {
    if (!wanted.every(({ letter }, i) => letter === all[at + i]?.letter)) continue;
    const [first, last] = [all[at], all[at + wanted.length - 1]];
    if (first === undefined || last === undefined) continue;
    return { start: opening(text, from + first.at), end: closing(text, from + last.at + last.size) };
  }
  return undefined;
}

interface Letter {
  letter: string;
  at: number;
  size: number;
}

function letters(text: string): Letter[] {
  return Array.from(text.matchAll(/[\p{L}\p{N}]/gu), (match) => ({
    letter: match[0].toLowerCase(),
    at: match.index,
    size: match[0].length,
  }));
}

/** The beginning of the punctuation that opens a sentence. */
function opening(text: string, start: number): number {
  const before = text.slice(Math.max(0, start - LONGEST_OPENING), start);
  return start - (/[\p{Ps}\p{Pi}"'¿¡]*$/u.exec(before)?.[0].length ?? 0);
}

/** The end of the punctuation that closes one. */
function closing(text: string, end: number): number {
  return end + (/^[\p{Pe}\p{Pf}\p{Po}\p{Pd}"']*/u.exec(text.slice(end))?.[0].length ?? 0);
}
