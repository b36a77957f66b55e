/** The AudioContexts of pages. */

import type { BrowserContext, Page } from "playwright-core";

declare global {
  /** Every context that the page has made. */
  var contexts: AudioContext[];
}

/** Lets pages that are opened from now on record their contexts. */
export function watchContexts(pages: BrowserContext | Page): Promise<unknown> {
  return pages.addInitScript(() => {
    globalThis.contexts = [];
    globalThis.AudioContext = class extends AudioContext {
      constructor(options?: AudioContextOptions) {
        super(options);
        globalThis.contexts.push(this);
      }
    };
  });
}
