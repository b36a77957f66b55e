/** Shows which word of the page is being spoken, without touching the page's elements. */

const NAME = "pocket-onnx-word";
const STYLE = `::highlight(${NAME}) { background-color: #ffdcae; color: #16211c; }`;

export class Mark {
  readonly #sheet = new CSSStyleSheet();

  constructor() {
    this.#sheet.replaceSync(STYLE);
    document.adoptedStyleSheets.push(this.#sheet);
  }

  show(range: Range): void {
    CSS.highlights.set(NAME, new Highlight(range));
    const { top, bottom } = range.getBoundingClientRect();
    // Only if the word is out of sight, so that the user can scroll.
    if (top >= 0 && bottom <= innerHeight) return;
    const quiet = matchMedia("(prefers-reduced-motion: reduce)").matches;
    range.startContainer.parentElement?.scrollIntoView({ block: "center", behavior: quiet ? "auto" : "smooth" });
  }

  remove(): void {
    CSS.highlights.delete(NAME);
    const at = document.adoptedStyleSheets.indexOf(this.#sheet);
    if (at >= 0) document.adoptedStyleSheets.splice(at, 1);
  }
}
