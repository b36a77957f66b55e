/** Firefox, driven by WebDriver BiDi: it needs no other program. */

import { launch } from "puppeteer-core";
import type { AnyBrowser } from "./browsers.js";

/** What a visitor of a page never changes, and a test must not wait for. */
export const PREFERENCES = {
  "app.update.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "data:,",
  "toolkit.telemetry.server": "data:,",
};

/** Starts a fresh one. */
export async function launchFirefox(program: string): Promise<AnyBrowser> {
  const browser = await launch({
    browser: "firefox",
    executablePath: program,
    headless: true,
    extraPrefsFirefox: PREFERENCES,
    // Utterances of many seconds are made while it waits.
    protocolTimeout: 600_000,
  });
  return {
    version: (await browser.version()).replace(/^firefox\//, ""),
    async open(address) {
      const page = await browser.newPage();
      page.on("pageerror", (error) => console.error("Firefox's page:", error));
      await page.goto(address);
      return {
        evaluate: (work, argument) => page.evaluate(work as never, argument) as never,
        click: (selector) => page.click(selector),
        close: () => page.close(),
      };
    },
    [Symbol.asyncDispose]: () => browser.close(),
  };
}
