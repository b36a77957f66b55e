/** The text of a page, and where each part of it is. */

import { Readability } from "@mozilla/readability";

/** A run of the text that is a text node, or a part of one. */
interface Run {
  /** Its start in the text. */
  start: number;
  node: Text;
  /** The part of the node. */
  from: number;
  to: number;
}

/** Marks an element's copy with the number of the original. */
const NUMBER = "data-pocket-onnx";
/** Elements whose text is not read. */
const UNREAD =
  "script, style, noscript, template, textarea, select, option, button, input, svg, math, [aria-hidden=true]";

export class ReadableText {
  readonly text: string;
  readonly isSelection: boolean;
  readonly #runs: Run[];

  private constructor(text: string, runs: Run[], isSelection: boolean) {
    this.text = text;
    this.isSelection = isSelection;
    this.#runs = runs;
  }

  /** The selection, or else the page's article, or if it has none all of the page. */
  static of(page: Document): ReadableText {
    return ReadableText.selected(page) ?? ReadableText.article(page) ?? ReadableText.from(textNodes(page.body));
  }

  private static selected(page: Document): ReadableText | undefined {
    const selection = page.getSelection();
    if (selection === null || selection.isCollapsed) return undefined;
    const range = selection.getRangeAt(0);
    const parts = textNodes(page.body)
      .filter(({ node }) => range.intersectsNode(node))
      .map(({ node }) => ({
        node,
        from: node === range.startContainer ? range.startOffset : 0,
        to: node === range.endContainer ? range.endOffset : node.length,
      }));
    const text = ReadableText.from(parts, true);
    return text.text.trim() === "" ? undefined : text;
  }

  /** The article is found in a copy of the page; the text is taken from the page itself. */
  private static article(page: Document): ReadableText | undefined {
    const copy = page.cloneNode(true) as Document;
    const originals = Array.from(page.querySelectorAll("*"));
    for (const [number, element] of copy.querySelectorAll("*").entries()) element.setAttribute(NUMBER, `${number}`);
    const found = new Readability(copy, { serializer: (node) => node as Element }).parse();
    if (!found?.content) return undefined;
    const kept = new Set<Element>();
    for (const element of found.content.querySelectorAll(`[${NUMBER}]`)) {
      const original = originals[Number(element.getAttribute(NUMBER))];
      if (original !== undefined) kept.add(original);
    }
    const parts = textNodes(page.body).filter(
      ({ node }) => node.parentElement !== null && kept.has(node.parentElement),
    );
    const text = ReadableText.from(parts);
    return text.text.trim() === "" ? undefined : text;
  }

  private static from(parts: Omit<Run, "start">[], isSelection = false): ReadableText {
    const runs: Run[] = [];
    let [text, paragraph] = ["", ""];
    let block: Element | undefined;
    for (const part of parts) {
      const its = blockOf(part.node);
      if (block !== undefined && its !== block) {
        text += closed(paragraph);
        paragraph = "";
      }
      block = its;
      const written = part.node.data.slice(part.from, part.to);
      if (written.trim() !== "") runs.push({ start: text.length + paragraph.length, ...part });
      paragraph += written;
    }
    text += paragraph;
    return new ReadableText(text, runs, isSelection);
  }

  /** A part of the text, as a range of the page. */
  range(from: number, to: number): Range | undefined {
    const [start, end] = [this.#place(from), this.#place(to - 1)];
    if (start === undefined || end === undefined) return undefined;
    const range = start.node.ownerDocument.createRange();
    try {
      range.setStart(start.node, start.at);
      range.setEnd(end.node, end.at + 1);
    } catch {
      // The page has changed meanwhile.
      return undefined;
    }
    return range;
  }

  /** Where a character is; for one that the page does not have, such as an added full stop, the last before it. */
  #place(position: number): { node: Text; at: number } | undefined {
    const run = this.#runs.findLast(({ start }) => start <= position);
    return run === undefined
      ? undefined
      : { node: run.node, at: Math.min(run.from + position - run.start, run.to - 1) };
  }
}

/** All text that can be seen. */
function textNodes(root: Element): Omit<Run, "start">[] {
  const walker = root.ownerDocument.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const found: Omit<Run, "start">[] = [];
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!(node instanceof Text) || parent === null || parent.closest(UNREAD) !== null) continue;
    if (!parent.checkVisibility({ visibilityProperty: true })) continue;
    found.push({ node, from: 0, to: node.length });
  }
  return found;
}

/** The element that a text node is a line or paragraph of. */
function blockOf(node: Text): Element | undefined {
  let element = node.parentElement;
  while (element !== null && /^(inline|contents|ruby)/.test(getComputedStyle(element).display)) {
    element = element.parentElement;
  }
  return element ?? undefined;
}

/** A paragraph that another one follows: headings and items of lists end without a full stop. */
function closed(paragraph: string): string {
  const trimmed = paragraph.trimEnd();
  if (trimmed === "") return "";
  return /[\p{L}\p{N})\]"'”’]$/u.test(trimmed) ? `${trimmed}.\n\n` : `${trimmed}\n\n`;
}
