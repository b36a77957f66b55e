/** What a page gives the player, checked. */

import { checked, read } from "../checks/check.js";
import { callback, mark as aMark } from "../checks/rules.js";
import type { Mark } from "./timeline.js";

/** A copy of a mark, because the page may change the original. */
export function markOf(mark: Mark | undefined): Mark | undefined {
  if (mark === undefined) return undefined;
  checked("Options", "the mark", mark, aMark);
  const copy = read("Options", "the mark", () => ({ ...mark, text: mark.text }));
  return checked("Options", "the mark", copy, aMark);
}

/** A listener to set; null means none, as for the web's own events. */
export function listenerOf<T>(name: string, listener: T | null | undefined): T | undefined {
  if (listener === null || listener === undefined) return undefined;
  checked("Options", name, listener, callback());
  return listener;
}
