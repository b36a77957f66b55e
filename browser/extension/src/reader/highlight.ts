/** Shows which word of the page is being spoken, without touching the page's elements. */

const NAME = "pocket-onnx-word";

/** The look of the word. The background adds it to the page: Firefox lets no script of an extension do so. */
export const MARK_STYLE = `::highlight(${NAME}) { background-color: #ffdcae; color: #16211c; }`;

/** Marks a word, and scrolls to it. */
export function mark(range: Range): void {
  CSS.highlights.set(NAME, new Highlight(range));
  const { top, bottom } = range.getBoundingClientRect();
  // Only if the word is out of sight, so that the user can scroll.
  if (top >= 0 && bottom <= innerHeight) return;
  const quiet = matchMedia("(prefers-reduced-motion: reduce)").matches;
  range.startContainer.parentElement?.scrollIntoView({ block: "center", behavior: quiet ? "auto" : "smooth" });
}

/** Marks no word. */
export function unmark(): void {
  CSS.highlights.delete(NAME);
}
