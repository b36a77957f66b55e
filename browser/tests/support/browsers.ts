/**
 * The browsers that the package is tested in, behind one interface of what all of them can do. Chromium's own
 * tests drive it by Playwright; Firefox is driven by WebDriver BiDi, WebKit by WebDriver.
 */

import { launch as launchChromium } from "./chromium.js";
import { launchFirefox } from "./firefox.js";
import type { Server } from "./server.js";
import { launchWebKit } from "./webkit.js";

/** A page. */
export interface Tab {
  /** Runs a function in the page. Its argument and its result are JSON values. */
  evaluate<A, R>(work: (argument: A) => R | Promise<R>, argument: A): Promise<R>;
  /** Clicks on an element as a visitor does. */
  click(selector: string): Promise<void>;
  close(): Promise<void>;
}

/** A browser with a profile of its own. */
export interface AnyBrowser extends AsyncDisposable {
  version: string;
  /** A new tab with the page at this address, once that is loaded. */
  open(address: string): Promise<Tab>;
}

/** A browser that can be started. */
export interface BrowserKind {
  name: "Chromium" | "Firefox" | "WebKit";
  launch(): Promise<AnyBrowser>;
}

/**
 * The browsers that are installed. `cargo xtask browser` and `cargo xtask bench page` name the programs of the
 * other two, and say which of them is missing.
 */
export function installedBrowsers(): BrowserKind[] {
  const [firefox, webkit] = [process.env["POCKET_ONNX_FIREFOX"], process.env["POCKET_ONNX_WEBKIT"]];
  const kinds: BrowserKind[] = [{ name: "Chromium", launch: chromium }];
  if (firefox !== undefined) kinds.push({ name: "Firefox", launch: () => launchFirefox(firefox) });
  if (webkit !== undefined) kinds.push({ name: "WebKit", launch: () => launchWebKit(webkit) });
  return kinds;
}

async function chromium(): Promise<AnyBrowser> {
  const browser = await launchChromium();
  return {
    version: browser.context.browser()?.version() ?? "",
    async open(address) {
      const page = await browser.context.newPage();
      page.on("pageerror", (error) => console.error("Chromium's page:", error));
      await page.goto(address);
      return {
        // Playwright's types cannot describe this function.
        evaluate: (work, argument) => page.evaluate(work as never, argument),
        click: (selector) => page.click(selector),
        close: () => page.close(),
      };
    },
    [Symbol.asyncDispose]: () => browser[Symbol.asyncDispose](),
  };
}

/** The empty page with the package loaded. */
export async function openPackage(browser: AnyBrowser, server: Server): Promise<Tab> {
  const tab = await browser.open(server.url);
  await until(tab, () => globalThis.ready === true, undefined);
  return tab;
}

/** Waits until a condition holds in a page. */
export async function until<A>(
  tab: Tab,
  condition: (argument: A) => boolean,
  argument: A,
  seconds = 60,
): Promise<void> {
  const end = Date.now() + 1e3 * seconds;
  while (!(await tab.evaluate(condition, argument))) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
