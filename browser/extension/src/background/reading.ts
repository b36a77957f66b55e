/** Requests of pages and of the popup to the background. */

import { messageOf, type ToBackground } from "../messages.js";
import { settings } from "../settings.js";

/** The key that `manifest.ts` gives to reading. */
const READ = "read-page";

/** Answers the popup and the keyboard; `open` opens the speaker. */
export function listenForReading(open: () => Promise<void>): void {
  chrome.runtime.onMessage.addListener((message: ToBackground, _sender, answer) => {
    const work = message.kind === "open" ? open() : read(message.tab, open);
    work.then(
      () => answer(undefined),
      (error: unknown) => answer(messageOf(error)),
    );
    // The answer comes later.
    return true;
  });
  chrome.commands.onCommand.addListener((command, tab) => {
    if (command === READ && tab?.id !== undefined) void read(tab.id, open).catch(() => {});
  });
}

/** Reads the page in a tab aloud: the selection, or else its article. */
async function read(tab: number, open: () => Promise<void>): Promise<void> {
  await Promise.all([open(), settings()]);
  await chrome.scripting.executeScript({ target: { tabId: tab }, files: ["reader.js"] });
}
