/** Words of a text. */

/** How many there are, without a list of them: a text may have millions. */
export function countWords(text: string): number {
  const words = /\S+/g;
  let count = 0;
  while (words.test(text)) count += 1;
  return count;
}
