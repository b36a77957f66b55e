/** Sound that a browser does not allow: whoever waits for it hears why. */

import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Notice } from "../src/index.js";
import { type Browser, launch } from "./support/chromium.js";
import { servePackage } from "./support/page.js";
import type { Server } from "./support/server.js";

let browser: Browser;
let server: Server;

beforeAll(async () => {
  browser = await launch({ args: ["--autoplay-policy=document-user-activation-required"] });
  server = await servePackage(true);
  // What a test evaluates in a page counts as a gesture: so the page does it by itself, and logs what it hears.
  await browser.context.addInitScript(async () => {
    await new Promise((resolve) => addEventListener("load", resolve));
    while (globalThis.ready !== true) await new Promise((resolve) => setTimeout(resolve, 20));
    const { Player, PocketTTS } = globalThis.pocket;
    if (location.hash === "#player") {
      const player = new Player();
      player.onnotice = (notice) => console.info(JSON.stringify(notice));
      await player.write(new Float32Array(4800).fill(0.1), 24_000);
      await player.end();
    } else {
      const onNotice = (notice: Notice) => console.info(JSON.stringify(notice));
      const tts = await PocketTTS.fromPretrained("/models/english_2m_default", { onNotice });
      await tts.speak("Hello there.", { seed: 1, eosThreshold: -1e9, framesAfterEos: 3 });
      await tts.dispose();
    }
    console.info("over");
  });
});

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

/** What the page logs. */
function logged(page: Page): string[] {
  const lines: string[] = [];
  page.on("console", (message) => message.type() === "info" && lines.push(message.text()));
  return lines;
}

test.each(["model", "player"])(
  "the %s tells, once, that its sound waits for a click",
  { timeout: 120_000 },
  async (who) => {
    await using page = await browser.context.newPage();
    const lines = logged(page);
    await page.goto(`${server.url}#${who}`);
    await expect.poll(() => lines.length, { timeout: 60_000 }).toBe(1);
    // A second notice would come after as long again.
    await page.waitForTimeout(4000);
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { kind: "suspended", message: expect.stringMatching(/suspended.*click/) },
    ]);
    await page.mouse.click(10, 10);
    await expect.poll(() => lines.at(-1), { timeout: 20_000 }).toBe("over");
  },
);
