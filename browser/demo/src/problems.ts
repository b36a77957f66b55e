/** What went wrong, said where it can be seen. */

import { byId } from "./dom.js";
import type { Notice } from "./tts.js";

const box = byId("error", HTMLDivElement);
const title = byId("error-title", HTMLElement);
const text = byId("error-text", HTMLElement);
const advice = byId("advice", HTMLParagraphElement);
const speak = byId("speak", HTMLButtonElement);
const retry = byId("retry", HTMLButtonElement);

/** A recording can deserve several at once. */
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
  // That something is tried again has been overtaken.
  clearAdvice();
  retry.hidden = action === undefined;
  box.hidden = false;
  box.scrollIntoView({ block: "nearest" });
}

export function clearProblem(): void {
  again = undefined;
  // Buttons that vanish would take the keyboard's place in the page with them.
  if (box.contains(document.activeElement)) speak.focus();
  box.hidden = true;
  clearAdvice();
}

function clearAdvice(): void {
  notices = [];
  advice.hidden = true;
}

/** Tells what stops nothing, but may be of interest. */
export function advise({ message }: Notice): void {
  const others = notices.filter((it) => it !== message);
  notices = [...others, message].slice(-MOST_NOTICES);
  advice.textContent = notices.map(sentence).join(" ");
  advice.hidden = false;
}

/** Whether it is what an abort throws, which is no problem. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/** Errors are written in lower case, without a full stop, to be joined; here they stand alone. */
function sentence(message: string): string {
  // Names of files, addresses and the like stay as they are.
  const isWord = /^[a-z]+(?:[ ,]|: )/.test(message);
  const begun = isWord ? message.charAt(0).toUpperCase() + message.slice(1) : message;
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
