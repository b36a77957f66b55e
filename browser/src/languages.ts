/** Languages that the option `normalize` supports: those of `crates/normalize`. */

export const LANGUAGES = ["english", "french", "german", "spanish", "italian", "portuguese", "dutch"] as const;

/** A language that the option `normalize` supports. */
export type Language = (typeof LANGUAGES)[number];

/** Whether the option `normalize` supports a language, named as in a model's manifest. */
export function readsNumbers(language: string | null | undefined): boolean {
  const name = language?.toLowerCase();
  return LANGUAGES.some((it) => name?.startsWith(it));
}
