/** Firefox, driven by WebDriver BiDi: it needs no other program. */

import { launch } from "puppeteer-core";
import type { AnyBrowser } from "./browsers.js";

/** Settings that keep Firefox from work that a test would have to wait for. */
export const PREFERENCES = {
  "app.update.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "data:,",
  "toolkit.telemetry.server": "data:,",
};

/** Starts a fresh browser. */
export async function launchFirefox(program: string): Promise<AnyBrowser> {
  const browser = await launch({
    browser: "firefox",
    executablePath: program,
    headless: true,
    extraPrefsFirefox: PREFERENCES,
    // A script may wait for utterances of many seconds.
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
