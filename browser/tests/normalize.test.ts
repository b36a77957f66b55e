/** Numbers in words, and pronunciation lists. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { type Browser, launch } from "./support/chromium.js";
import { openPage, servePackage } from "./support/page.js";
import type { Server } from "./support/server.js";

let browser: Browser;
let server: Server;

beforeAll(async () => {
  browser = await launch();
  server = await servePackage(true);
});

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

test("numbers become words when that is asked for, and the module for it is loaded only then", async () => {
  const page = await openPage(browser.context, server);
  const requested: string[] = [];
  browser.context.on("request", (request) => requested.push(request.url()));
  const isLoaded = () => requested.some((url) => url.includes("normalize_bg.wasm"));
  await page.evaluate(async () => {
    const tts = await globalThis.pocket.PocketTTS.fromPretrained("/models/english_2m_default");
    Object.assign(globalThis, { tts });
    for await (const _ of tts.stream("Five.", { normalize: false })) break;
  });
  expect(isLoaded()).toBe(false);
  const spoken = await page.evaluate(async () => {
    const { tts } = globalThis as unknown as { tts: import("../src/index.js").PocketTTS };
    type Options = import("../src/index.js").SpeakOptions;
    const say = async (text: string, options: Options) => {
      for await (const { text: chunk } of tts.stream(text, options)) return chunk;
      return "";
    };
    const list = "SQL = sequel\nkyutai = kyoo tie";
    const spoken = [
      await say("It costs $49.95.", { normalize: "english" }),
      await say("Am 3. Mai.", { normalize: "german" }),
      await say("Kyutai has SQL.", { replacements: list, normalize: false }),
      await say("SQL for $5", { replacements: { SQL: "sequel" }, normalize: "english" }),
      await say("😀 $5 👾", { normalize: "english" }),
      await say("It costs $5.", { normalize: false }),
    ];
    await tts.dispose();
    return spoken;
  });
  expect(isLoaded()).toBe(true);
  expect(spoken).toEqual([
    "It costs forty-nine dollars and ninety-five cents.",
    "Am dritten Mai.",
    "Kyoo tie has sequel.",
    "Sequel for five dollars.",
    "Grinning face five dollars.",
    "It costs $5.",
  ]);
  await page.close();
});
