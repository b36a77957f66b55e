/**
 * The package in pages that Vite, webpack and esbuild make, under a strict content security policy, and in a worker
 * of the page's own: each speaks as the native command does. More of Vite, and pages without a bundler, are in
 * `package.test.ts`.
 */

import { execFile } from "node:child_process";
import { cp } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { difference, floatsOfWav, native, PACKAGE } from "./support/bundles.js";
import { type Browser, launch } from "./support/chromium.js";
import { packPackage, type Projects } from "./support/project.js";
import { readmeCode } from "./support/readme.js";
import { tool } from "./support/runtimes.js";
import { type Server, serve } from "./support/server.js";

const run = promisify(execFile);

const TEXT = "Hello there. It costs $12.";
/** Feedback amplifies rounding: so much of the beginning is compared sample by sample, with this difference. */
const [COMPARED, BOUND] = [10 * 1920, 1e-2];

/** Has the page speak with everything that it fetches when needed: numbers, ONNX Runtime, the player. */
const SPEAK = `
const spoken = {};
const tts = await PocketTTS.fromPretrained({ threads: 2 });
spoken.audio = Array.from((await tts.generate(${JSON.stringify(TEXT)}, { seed: 1, normalize: true })).audio);
await tts.dispose();
const other = await PocketTTS.fromPretrained({ backend: "onnxruntime", threads: 1 });
spoken.other = (await other.generate(${JSON.stringify(TEXT)}, { seed: 1, normalize: true })).audio.length;
await other.dispose();
`;
const PAGE_SCRIPT = `import { Player, PocketTTS } from "pocket-onnx";
window.spoken = (async () => {${SPEAK}
const player = new Player();
await player.write(Float32Array.from(spoken.audio).subarray(0, 24000), 24000);
await player.end();
await player.close();
return spoken; })();
window.ready = true;
`;
const HTML = (script: string) =>
  `<!doctype html><html lang="en"><title>speech</title><script type="module" src="${script}"></script></html>`;

declare global {
  var spoken: Promise<{ audio: number[]; other: number }>;
}

let projects: Projects;
let browser: Browser;
let expected: Float32Array;

beforeAll(async () => {
  projects = await packPackage();
  browser = await launch();
  const args = ["speak", TEXT, "--normalize", "--seed", "1", "--format", "f32", "-o", "out.wav"];
  expected = floatsOfWav(await native(args, "out.wav"));
});

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await projects?.[Symbol.asyncDispose]();
});

/** Opens the page, and compares what it says. */
async function expectSpeech(server: Server): Promise<void> {
  await using page = await browser.context.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    const text = `${message.text()} (${message.location().url})`;
    // Browsers ask for an icon that no README speaks of.
    if (message.type() === "error" && !text.includes("/favicon.ico")) problems.push(text);
  });
  await page.goto(server.url);
  await page
    .waitForFunction(() => globalThis.ready, undefined, { timeout: 20_000 })
    .catch((error: unknown) => {
      expect(problems).toEqual([]);
      throw error;
    });
  const { audio, other } = await page.evaluate(() => globalThis.spoken);
  expect(problems).toEqual([]);
  expect(audio.length).toBe(expected.length);
  expect(difference(Float32Array.from(audio), expected, COMPARED)).toBeLessThan(BOUND);
  expect(other).toBeGreaterThan(10 * 1920);
}

test("webpack", async () => {
  const folder = await projects.create("webpack", {
    "main.js": PAGE_SCRIPT,
    "out/index.html": HTML("main.js"),
    "webpack.config.js": await readmeCode("js", "// webpack.config.js"),
  });
  // Its interface for programs: the command would be one package more.
  const webpack: (config: object, done: (error: unknown, stats: Stats) => void) => void = createRequire(
    join(PACKAGE, "tests/runtimes/package.json"),
  )("webpack");
  interface Stats {
    hasErrors(): boolean;
    hasWarnings(): boolean;
    toString(): string;
  }
  const { default: settings } = await import(/* @vite-ignore */ join(folder, "webpack.config.js"));
  const output = { ...settings.output, path: join(folder, "out"), filename: "main.js" };
  // Its hints about size are not about the package.
  const own = { mode: "production", context: folder, entry: "./main.js", output, performance: false };
  const config = { ...settings, ...own };
  const stats = await new Promise<Stats>((resolve, reject) => {
    webpack(config, (error, stats) => (error ? reject(error) : resolve(stats)));
  });
  expect(stats.hasErrors() || stats.hasWarnings(), stats.toString()).toBe(false);
  await using server = await serve({ "/": join(folder, "out") }, { isolated: true });
  await expectSpeech(server);
}, 180_000);

test("esbuild, as the README has it", async () => {
  const folder = await projects.create("esbuild", { "main.js": PAGE_SCRIPT, "public/index.html": HTML("main.js") });
  const command = (await readmeCode("sh", "esbuild")).trim().split("\n").at(-1) ?? "";
  const [name, ...args] = command.split(/\s+/);
  expect(name).toBe("esbuild");
  await cp(join(folder, "node_modules/pocket-onnx"), join(folder, "public/pocket-onnx"), { recursive: true });
  await run(tool("esbuild"), args, { cwd: folder });
  await using server = await serve({ "/": join(folder, "public") }, { isolated: true });
  await expectSpeech(server);
}, 120_000);

/** The headers of a page that is strict about where its code comes from. */
async function strict(): Promise<Record<string, string>> {
  const policy = await readmeCode("http", "Content-Security-Policy");
  return { "content-security-policy": policy.trim().replace("Content-Security-Policy: ", "") };
}

test("Vite, under a strict content security policy", async () => {
  const folder = await projects.create("vite", {
    "main.js": PAGE_SCRIPT,
    "index.html": HTML("/main.js"),
    "vite.config.js": await readmeCode("js", "// vite.config.js"),
  });
  await build({ root: folder, configFile: join(folder, "vite.config.js"), logLevel: "error" });
  await using server = await serve({ "/": join(folder, "dist") }, { isolated: true, headers: await strict() });
  await expectSpeech(server);
}, 180_000);

test("a strict content security policy", async () => {
  const script = PAGE_SCRIPT.replace('"pocket-onnx"', '"/node_modules/pocket-onnx/dist/index.js"');
  const folder = await projects.create("csp", { "main.js": script, "index.html": HTML("main.js") });
  await using server = await serve({ "/": folder }, { isolated: true, headers: await strict() });
  await expectSpeech(server);
}, 120_000);

test("a content security policy that forbids WebAssembly is told, with the way out", async () => {
  const script = PAGE_SCRIPT.replace('"pocket-onnx"', '"/node_modules/pocket-onnx/dist/index.js"');
  const folder = await projects.create("forbidden", { "main.js": script, "index.html": HTML("main.js") });
  const headers = { "content-security-policy": "script-src 'self'" };
  await using server = await serve({ "/": folder }, { isolated: true, headers });
  await using page = await browser.context.newPage();
  await page.goto(server.url);
  const told = await page.evaluate(async () => {
    while (!globalThis.ready) await new Promise((resolve) => setTimeout(resolve, 10));
    return globalThis.spoken.then(
      () => "",
      ({ kind, message }) => `${kind}: ${message}`,
    );
  });
  expect(told).toBe(
    "Unsupported: the page's Content-Security-Policy forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src",
  );
});

test("a worker of the page's own", async () => {
  const page = `const worker = new Worker("worker.js", { type: "module" });
    window.spoken = new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data));
    });
    window.ready = true;`;
  const worker = `import { Player, PocketTTS } from "/node_modules/pocket-onnx/dist/index.js";
    try {${SPEAK}
      try { new Player(); throw new Error("a worker plays sound"); } catch (error) {
        if (error.kind !== "Unsupported") throw error;
      }
      postMessage(spoken);
    } catch (error) { postMessage({ error: String(error) }); }`;
  const folder = await projects.create("worker", {
    "main.js": page,
    "worker.js": worker,
    "index.html": HTML("main.js"),
  });
  await using server = await serve({ "/": folder }, { isolated: true });
  await expectSpeech(server);
}, 120_000);
