/** The package as others get it: in a fresh Vite project, and in a page without any bundler. */

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUNDLES, PACKAGE } from "./support/bundles.js";
import { type Browser, launch } from "./support/chromium.js";
import { serve } from "./support/server.js";

const run = promisify(execFile);

let browser: Browser;
let dir: string;
let archive: string;

beforeAll(async () => {
  browser = await launch();
  dir = await mkdtemp(join(tmpdir(), "pocket-onnx-package-"));
  await run("npm", ["pack", "--pack-destination", dir, "--loglevel=error"], { cwd: PACKAGE });
  archive = join(dir, (await readdir(dir)).find((name) => name.endsWith(".tgz")) ?? "");
});

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await rm(dir, { recursive: true });
});

/** What the README shows, and how it went. */
const SCRIPT = (from: string) => `
import { PocketTTS } from "${from}";
const said = {};
for (const backend of ["engine", "onnxruntime"]) {
  const tts = await PocketTTS.fromPretrained("/models/english_2m/", { backend });
  let samples = 0;
  for await (const chunk of tts.stream("Hello world.", { seed: 1, voice: tts.listVoices()[0] })) {
    samples += chunk.audio.length;
  }
  await tts.dispose();
  said[backend] = samples;
}
window.said = said;
`;

async function said(url: string): Promise<unknown> {
  const page = await browser.context.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  await page.goto(url);
  const found = await page
    .waitForFunction(() => (globalThis as { said?: unknown }).said, undefined, { timeout: 60_000 })
    .then((handle) => handle.jsonValue())
    .catch((error: unknown) => `${error}: ${problems.join("; ")}`);
  await page.close();
  return found;
}

function expectSpeech(found: unknown): void {
  const { engine = 0, onnxruntime = 0 } = found as Record<string, number>;
  expect([engine, onnxruntime], JSON.stringify(found)).toEqual([engine, engine]);
  expect(engine).toBeGreaterThan(1920 * 10);
}

test("the archive holds what a page needs, and nothing of this machine", async () => {
  const { stdout } = await run("tar", ["-tzf", archive]);
  const files = stdout.trim().split("\n");
  for (const file of [
    "package/dist/index.js",
    "package/dist/index.d.ts",
    "package/dist/worker/worker.js",
    "package/dist/player/index.js",
    "package/wasm/simd/pocket_onnx_bg.wasm",
    "package/wasm/relaxed/pocket_onnx_bg.wasm",
    "package/onnxruntime/ort-wasm-simd-threaded.wasm",
    "package/onnxruntime/LICENSE",
  ]) {
    expect(files).toContain(file);
  }
  expect(files.filter((file) => /node_modules|tests|\.map$/.test(file))).toEqual([]);
});

test("a page without a bundler", async () => {
  const unpacked = join(dir, "plain");
  await mkdir(unpacked);
  await run("tar", ["-xzf", archive, "-C", unpacked]);
  const html = `<!doctype html><script type="module">${SCRIPT("/pocket-onnx/dist/index.js")}</script>`;
  await using server = await serve(
    { "/pocket-onnx/": join(unpacked, "package"), "/models/": BUNDLES },
    { isolated: true, pages: { "/": html } },
  );
  expectSpeech(await said(server.url));
});

test("a fresh Vite project", async () => {
  const project = join(dir, "vite");
  await mkdir(project);
  await writeFile(
    join(project, "package.json"),
    JSON.stringify({ name: "fresh", private: true, type: "module", dependencies: { "pocket-onnx": `file:${archive}` } }),
  );
  await writeFile(join(project, "index.html"), `<!doctype html><script type="module" src="/main.js"></script>`);
  await writeFile(join(project, "main.js"), SCRIPT("pocket-onnx"));
  await writeFile(join(project, "vite.config.js"), await readmeConfig());
  await run("npm", ["install", "--ignore-scripts", "--loglevel=error"], { cwd: project });
  const vite = join(PACKAGE, "node_modules/vite/bin/vite.js");
  await run("node", [vite, "build", "--logLevel", "warn"], { cwd: project });
  await using server = await serve({ "/models/": BUNDLES, "/": join(project, "dist") }, { isolated: true });
  expectSpeech(await said(`${server.url}index.html`));
});

/** The configuration that the README gives. */
async function readmeConfig(): Promise<string> {
  const readme = await readFile(join(PACKAGE, "README.md"), "utf8");
  const found = /```js\n\/\/ vite\.config\.js\n([\s\S]*?)```/.exec(readme)?.[1];
  if (found === undefined) {
    throw new Error("README.md gives no vite.config.js");
  }
  return found;
}
