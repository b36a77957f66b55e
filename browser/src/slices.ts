/** Pieces of a text of about `length` UTF-16 units, together all of it. No character is cut. */
export function* slices(text: string, length: number): Generator<string, void> {
  for (let at = 0; at < text.length; ) {
    let end = Math.min(at + length, text.length);
    if (end < text.length && endsInHalf(text.slice(end - 1, end))) {
      end += 1;
    }
    yield text.slice(at, end);
    at = end;
  }
}

/** Whether a text ends in the first half of a character of two UTF-16 units. */
export function endsInHalf(text: string): boolean {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff;
}
