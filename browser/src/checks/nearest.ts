/** Names that were nearly hit. */

/** Differences of letters up to which a name is near, at least. */
const NEAR = 2;

/** The name of `names` that is most likely meant by `name`, if one is near. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const asked = plain(name);
  let best: { name: string; distance: number } | undefined;
  for (const other of names) {
    const candidate = plain(other);
    const most = Math.max(NEAR, Math.floor(candidate.length / 3));
    const distance = Math.min(letters(asked.slice(0, 100), candidate), sharesWord(name, other) ? 1 : Infinity);
    if (distance <= most && distance < (best?.distance ?? Infinity) && distance < candidate.length) {
      best = { name: other, distance };
    }
  }
  return best?.name;
}

/** Letters and digits, in lower case: `progress_callback` and `progressCallback` are the same. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}

/** Whether both names have a long word in common, as `progress_callback` and `onProgress` do. */
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

/** Letters that have to be put in, taken out or changed to make `b` of `a`. */
function letters(a: string, b: string): number {
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
