/** Languages whose numbers, abbreviations and signs can be put into words: those of `crates/normalize`. */

export const LANGUAGES = ["english", "french", "german", "spanish", "italian", "portuguese", "dutch"] as const;

/** A language whose numbers, abbreviations and signs can be put into words. */
export type Language = (typeof LANGUAGES)[number];

/** Whether `normalize` works for a model of this language, as its manifest names it. */
export function readsNumbers(language: string | null | undefined): boolean {
  const name = language?.toLowerCase();
  return LANGUAGES.some((it) => name?.startsWith(it));
}
