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

test("numbers become words; the module for it comes with a model whose vocabulary has no digits", async () => {
  const page = await openPage(browser.context, server);
  const requested: string[] = [];
  browser.context.on("request", (request) => requested.push(request.url()));
  const isLoaded = () => requested.some((url) => url.includes("normalize_bg.wasm"));
  const load = (bundle: string) =>
    page.evaluate(async (bundle) => {
      Object.assign(globalThis, { tts: await globalThis.pocket.PocketTTS.fromPretrained(bundle) });
    }, bundle);
  await load("/models/tiny_english");
  expect(isLoaded()).toBe(false);
  await load("/models/english_2m_default");
  expect(isLoaded()).toBe(true);
  const spoken = await page.evaluate(async () => {
    const { tts } = globalThis as unknown as { tts: import("../src/index.js").PocketTTS };
    type Options = import("../src/index.js").SpeakOptions;
    const say = async (text: string, options: Options) => {
      for await (const { text: chunk } of tts.stream(text, options)) return chunk;
      return "";
    };
    const list = "SQL = sequel\nkyutai = kyoo tie";
    const spoken = [
      await say("It costs $49.95.", {}),
      await say("Am 3. Mai.", { normalize: "german" }),
      await say("Kyutai has SQL.", { replacements: list, normalize: false }),
      await say("SQL for $5", { replacements: { SQL: "sequel" }, normalize: "english" }),
      await say("😀 $5 👾", { normalize: "english" }),
      await say("It costs $5.", { normalize: false }),
    ];
    await tts.dispose();
    return spoken;
  });
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
