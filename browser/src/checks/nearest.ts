/** Suggestions for misspelt names. */

/** A name is suggested within this many edits; longer names allow more. */
const NEAR = 2;

/** The name in `names` that was most likely meant by `name`, if one is similar. */
function nearest(name: string, names: readonly string[]): string | undefined {
  const asked = plain(name);
  let best: { name: string; distance: number } | undefined;
  for (const other of names) {
    const candidate = plain(other);
    const most = Math.max(NEAR, Math.floor(candidate.length / 3));
    const edits = editDistance(asked.slice(0, 100), candidate);
    const distance = Math.min(edits, sharesWord(name, other) ? 1 : Infinity);
    if (distance <= most && distance < (best?.distance ?? Infinity) && distance < candidate.length) {
      best = { name: other, distance };
    }
  }
  return best?.name;
}

/** What to add to a message about a name that does not exist: the one that was meant, between `quote`s, or nothing. */
export function suggestion(name: string, names: readonly string[], quote = ""): string {
  const near = nearest(name, names);
  return near === undefined ? "" : ` (did you mean ${quote}${near}${quote}?)`;
}

/** Letters and digits in lower case, so that `progress_callback` and `progressCallback` are equal. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}

/** Whether both names contain the same long word, as `progress_callback` and `onProgress` do. */
function sharesWord(a: string, b: string): boolean {
  const words = (name: string) =>
    name
      .replace(/\p{Lu}/gu, " $&")
      .toLowerCase()
      .split(/[^\p{L}\p{N}]+/u)
      .filter((word) => word.length >= 5);
  const others = words(b);
  return words(a).some((word) => others.includes(word));
}

/** Number of letters to insert, delete or replace to make `b` from `a`. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
