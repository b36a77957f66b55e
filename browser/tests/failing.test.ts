/** A worker that fails while it speaks: the model ends, and the next one that is loaded speaks. */

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUNDLES, PACKAGE } from "./support/bundles.js";
import { type Browser, launch } from "./support/chromium.js";
import { buildDemo } from "./support/demo.js";
import { openPage, servePackage } from "./support/page.js";
import { serve } from "./support/server.js";
import { limitMemory, PAGE } from "./support/wasm.js";

const SHORT = "Hi.";
const LONG = "Hello there, this is a test ".repeat(8);
/** Pages of memory that are left after the short text; the long one takes three times as many. */
const LEFT = 8;

let browser: Browser;
let work: string;
/** Pages of memory that the short text leaves room in, and the long one does not. */
let pages: number;

beforeAll(async () => {
  browser = await launch({ serviceWorkers: "block" });
  work = await mkdtemp(join(tmpdir(), "pocket-onnx-failing-"));
  await using server = await servePackage(false);
  const measure = async (text: string) => {
    const tts = await globalThis.pocket.PocketTTS.fromPretrained("/models/english_2m", { threads: 1 });
    await tts.generate(text, { seed: 1 });
    await tts.dispose();
    return tts.memory;
  };
  const memory = await (await openPage(browser.context, server)).evaluate(measure, SHORT);
  pages = memory / PAGE + LEFT;
});

/** Writes the module in `from` with that limit. */
async function limit(from: string, to: string): Promise<void> {
  await writeFile(to, limitMemory(await readFile(from), pages));
}

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await rm(work, { recursive: true, force: true });
});

test("a browser without more memory ends the model, and another one speaks", async () => {
  const modules: Record<string, string> = {};
  for (const build of ["simd", "relaxed"]) {
    const [path, file] = [`wasm/${build}/pocket_onnx_bg.wasm`, join(work, `${build}.wasm`)];
    await limit(join(PACKAGE, path), file);
    modules[`/package/${path}`] = file;
  }
  await using limited = await servePackage(false, modules);
  const speak = async ([short, long]: readonly [string, string]) => {
    const { PocketTTS, PocketTTSError } = globalThis.pocket;
    const load = () => PocketTTS.fromPretrained("/models/english_2m", { threads: 1 });
    const failing = (work: Promise<unknown>) =>
      work.then(
        () => "no error",
        (error: unknown) => (error instanceof PocketTTSError ? `${error.kind}: ${error.message}` : String(error)),
      );
    const tts = await load();
    const before = (await tts.generate(short, { seed: 1 })).audio.length;
    const ended = [tts.ended.aborted];
    // The second text waits for the first.
    const errors = await Promise.all([failing(tts.generate(long, { seed: 1 })), failing(tts.generate(short))]);
    ended.push(tts.ended.aborted);
    errors.push(await failing(tts.generate(short)), await failing(tts.loadVoice("alba")));
    const again = await load();
    return { before, ended, errors, after: (await again.generate(short, { seed: 1 })).audio.length };
  };
  const page = await openPage(browser.context, limited);
  const { before, ended, errors, after } = await page.evaluate(speak, [SHORT, LONG] as const);
  expect(ended).toEqual([false, true]);
  expect(errors[0]).toMatch(/^Worker: the worker has failed, so load the model again: .*memory/);
  expect(new Set(errors).size).toBe(1);
  expect(before).toBeGreaterThan(1920);
  expect(after).toBe(before);
});

test("the page reports it, and speaks the next text", async () => {
  const outDir = join(work, "page");
  await buildDemo(outDir);
  const modules = (await readdir(join(outDir, "assets"))).filter((name) => /^pocket_onnx_bg.*\.wasm$/.test(name));
  expect(modules).toHaveLength(2);
  for (const file of modules.map((name) => join(outDir, "assets", name))) {
    await limit(file, file);
  }
  const models = join(work, "models");
  await mkdir(models);
  await writeFile(join(models, "index.json"), JSON.stringify({ models: [{ name: "english_2m" }] }));
  const mounts = { "/models/english_2m/": join(BUNDLES, "english_2m"), "/models/": models, "/": outDir };
  await using site = await serve(mounts);
  const page = await browser.context.newPage();
  await page.goto(site.url);
  await page.fill("#text", LONG);
  await page.click("#speak:enabled");
  await page.locator("#error").waitFor({ timeout: 60_000 });
  expect(await page.textContent("#error-title")).toBe("The text could not be spoken.");
  expect(await page.textContent("#error-text")).toMatch(/^The worker has failed, .*memory/);
  await page.fill("#text", SHORT);
  await page.click("#speak");
  await page.waitForFunction(() => document.getElementById("status")?.textContent === "Done.");
  expect(await page.isVisible("#error")).toBe(false);
});
