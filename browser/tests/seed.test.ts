/** One seed, one sound: both builds of the module and the native command say the same samples. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { floatsOfWav, native, PACKAGE } from "./support/bundles.js";
import { type Browser, launch } from "./support/chromium.js";
import { run } from "./support/command.js";
import { openPage } from "./support/page.js";
import { serve, type Server } from "./support/server.js";

const TEXT = "Hello there, how are you? One seed, one sound.";
/** Formats of the backbone and the sampler: the codec keeps its default. */
const FORMATS = ["q8", "q6", "q4"];

const HTML = `<!doctype html><html lang="en"><title>seed</title><script type="module">
  import * as pocket from "/package/dist/index.js";
  window.pocket = pocket;
  window.ready = true;
</script>`;

let folder: string;
let server: Server;
let browser: Browser;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pocket-onnx-seed-"));
  for (const format of FORMATS) {
    const formats = ["--dtype", `flow_lm=${format}`, `flow_net=${format}`];
    const variant = ["--variant", "english_2m_2026-10", "--synthetic", "1"];
    await run(["convert", "--quiet", ...variant, ...formats, "--output-dir", join(folder, format)]);
  }
  server = await serve({ "/package/": PACKAGE, "/models/": folder }, { isolated: true, pages: { "/": HTML } });
  browser = await launch();
}, 120_000);

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Speaks in a page; `hasRelaxed`: whether the package finds that the browser has relaxed SIMD. */
function speak(page: Page, format: string, hasRelaxed: boolean, threads: number) {
  return page.evaluate(
    async ({ hasRelaxed, threads, format, text }) => {
      const { validate } = WebAssembly;
      if (!hasRelaxed) WebAssembly.validate = () => false;
      const tts = await globalThis.pocket.PocketTTS.fromPretrained(`/models/${format}`, { threads });
      WebAssembly.validate = validate;
      const { audio } = await tts.generate(text, { seed: 7, eosThreshold: -1e9, framesAfterEos: 20 });
      const { instructions } = tts.statistics;
      await tts.dispose();
      return { instructions, samples: [...audio] };
    },
    { hasRelaxed, threads, format, text: TEXT },
  );
}

test.each(FORMATS)("in %s", { timeout: 120_000 }, async (format) => {
  await using page = await openPage(browser.context, server);
  const spoken = ["speak", TEXT, "--seed", "7", "--eos-threshold=-1000000000", "--frames-after-eos", "20"];
  const file = await native(
    [...spoken, "--bundle", join(folder, format), "--format", "f32", "-o", "out.wav"],
    "out.wav",
  );
  const natively = [...floatsOfWav(file)];
  expect(natively.length).toBeGreaterThan(24_000);
  const relaxed = await speak(page, format, true, 1);
  expect(relaxed.instructions).toContain("relaxed SIMD");
  const plain = await speak(page, format, false, 1);
  expect(plain.instructions).toBe("SIMD128");
  // Compared as a whole: a report of all samples would be of no use.
  const first = (samples: number[]) => samples.findIndex((sample, i) => sample !== natively[i]);
  for (const { samples } of [relaxed, plain, await speak(page, format, true, 2)]) {
    expect(samples.length).toBe(natively.length);
    expect(first(samples)).toBe(-1);
  }
});

test("where the self-test fails", { timeout: 120_000 }, async () => {
  await using page = await openPage(browser.context, server);
  const plain = await speak(page, "q8", false, 1);
  await page.route("**/wasm/relaxed/pocket_onnx.js", async (route) => {
    const response = await route.fetch();
    const wrong = '(() => { throw Object.assign(new Error("made to fail"), { name: "Instructions" }); })()';
    const body = (await response.text()).replace(/wasm\.engine_new\(.*?\)/, wrong);
    expect(body).toContain(wrong);
    await route.fulfill({ response, body });
  });
  for (const threads of [1, 2]) {
    const { instructions, samples } = await speak(page, "q8", true, threads);
    expect(instructions).toBe("SIMD128");
    expect(samples.length).toBe(plain.samples.length);
    expect(samples.findIndex((sample, i) => sample !== plain.samples[i])).toBe(-1);
  }
});
