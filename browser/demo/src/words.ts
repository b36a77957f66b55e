/** Words of a text. */

/** Number of words, without making a list: a text may have millions. */
export function countWords(text: string): number {
  const words = /\S+/g;
  let count = 0;
  while (words.test(text)) count += 1;
  return count;
}
