/** Requests of pages and of the popup to the background. */

import { messageOf, READ_COMMAND, type ToBackground } from "../messages.js";
import { MARK_STYLE } from "../reader/highlight.js";
import type { Offer } from "../reader/reader.js";
import { settings } from "../settings.js";

/** Answers the popup, pages and the keyboard; `open` opens the speaker. */
export function listenForReading(open: () => Promise<void>): void {
  chrome.runtime.onMessage.addListener((message: ToBackground, { tab }, answer) => {
    answered(message, tab, open).then(
      () => answer(undefined),
      (error: unknown) => answer(messageOf(error)),
    );
    // The answer comes later.
    return true;
  });
  chrome.commands.onCommand.addListener((command, tab) => {
    const id = tab?.id;
    if (command !== READ_COMMAND || id === undefined) return;
    // There is no popup that could show the error.
    void read(id, open).catch((error: unknown) => showProblem(id, messageOf(error)));
  });
}

async function answered(
  message: ToBackground,
  sender: chrome.tabs.Tab | undefined,
  open: () => Promise<void>,
): Promise<void> {
  switch (message.kind) {
    case "open":
      return open();
    case "read":
      return read(message.tab, open);
    case "failed":
      if (sender?.id !== undefined) await showProblem(sender.id, message.message);
  }
}

/** Reads the page in a tab aloud: the selection, or else its article, which may be in a frame. */
async function read(tab: number, open: () => Promise<void>): Promise<void> {
  await Promise.all([open(), settings()]);
  await showProblem(tab, undefined);
  const frame = best(await offers(tab));
  if (frame === undefined) throw new Error("There is no text to read on this page.");
  const target = { tabId: tab, frameIds: [frame] };
  await chrome.scripting.insertCSS({ target, css: MARK_STYLE });
  const [begun] = await chrome.scripting.executeScript({
    target,
    // Browsers do not tell why a promise was rejected there.
    func: () =>
      globalThis.pocketOnnxReader?.read().then(
        () => "",
        (error: unknown) => String(error),
      ),
  });
  if (begun?.result) throw new Error(begun.result);
}

type Offered = chrome.scripting.InjectionResult<Offer | undefined>;

/** What there is to read in the tab's page, and in those of its frames that are of the same site. */
async function offers(tab: number): Promise<Offered[]> {
  const target = { tabId: tab, allFrames: true };
  try {
    await chrome.scripting.executeScript({ target, files: ["reader.js"] });
    return await chrome.scripting.executeScript({ target, func: () => globalThis.pocketOnnxReader?.offer() });
  } catch (error) {
    throw new Error(`The browser lets no extension read this page (${messageOf(error)}).`);
  }
}

/** The frame with a selection, or else with the longest text. */
function best(offered: readonly Offered[]): number | undefined {
  let [chosen, most]: [Offered | undefined, Offer] = [undefined, { isSelection: false, length: 0 }];
  for (const one of offered) {
    const offer = one.result;
    if (!offer || offer.length === 0) continue;
    const isBetter = offer.isSelection === most.isSelection ? offer.length > most.length : offer.isSelection;
    if (isBetter) [chosen, most] = [one, offer];
  }
  return chosen?.frameId;
}

/** Marks the button of a tab, and has it tell the problem; without one, the mark goes. */
async function showProblem(tabId: number, problem: string | undefined): Promise<void> {
  const { action } = chrome.runtime.getManifest();
  const title = problem ?? action?.default_title ?? "";
  await Promise.all([
    chrome.action.setBadgeText({ tabId, text: problem === undefined ? "" : "!" }),
    chrome.action.setTitle({ tabId, title }),
  ]).catch(() => {
    // The tab was closed meanwhile.
  });
}
