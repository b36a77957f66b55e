/** Shows what went wrong. */

import { byId } from "./dom.js";
import type { Notice } from "./tts.js";

const box = byId("error", HTMLDivElement);
const title = byId("error-title", HTMLElement);
const text = byId("error-text", HTMLElement);
const advice = byId("advice", HTMLParagraphElement);
const speak = byId("speak", HTMLButtonElement);
const retry = byId("retry", HTMLButtonElement);

/** Most notices that are shown at once: a recording can have several. */
const MOST_NOTICES = 4;
let notices: string[] = [];

let again: (() => void) | undefined;
retry.addEventListener("click", () => {
  const action = again;
  clearProblem();
  action?.();
});
byId("dismiss", HTMLButtonElement).addEventListener("click", clearProblem);

/** Shows an error; `action` is what "Try again" does. */
export function showProblem(what: string, error: unknown, action?: () => void): void {
  console.error(what, error);
  title.textContent = what;
  text.textContent = sentence(error instanceof Error ? error.message : String(error));
  again = action;
  // An earlier "Try again" is obsolete.
  clearAdvice();
  retry.hidden = action === undefined;
  box.hidden = false;
  box.scrollIntoView({ block: "nearest" });
}

export function clearProblem(): void {
  again = undefined;
  // A button that disappears would lose the keyboard focus.
  if (box.contains(document.activeElement)) speak.focus();
  box.hidden = true;
  clearAdvice();
}

function clearAdvice(): void {
  notices = [];
  advice.hidden = true;
}

/** Shows a notice that stops nothing. */
export function advise({ message }: Notice): void {
  const others = notices.filter((it) => it !== message);
  notices = [...others, message].slice(-MOST_NOTICES);
  advice.textContent = notices.map(sentence).join(" ");
  advice.hidden = false;
}

/** Whether it is the error of an abort, which is not a problem. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/**
 * Errors are in lower case without a full stop, so that they can be joined; here they stand alone, and code has no
 * backticks.
 */
function sentence(error: string): string {
  const message = error.replaceAll(/`([^`]*)`/g, "“$1”");
  // Names of files, addresses and the like keep their case.
  const isWord = /^[a-z]+(?:[ ,]|: )/.test(message);
  const begun = isWord ? message.charAt(0).toUpperCase() + message.slice(1) : message;
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
