/** The package as others get it: in a fresh Vite project, and in a page without any bundler. */

import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build, createServer } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUNDLES, PACKAGE } from "./support/bundles.js";
import { type Browser, launch } from "./support/chromium.js";
import { run as command } from "./support/command.js";
import { watchContexts } from "./support/contexts.js";
import { serve } from "./support/server.js";

const run = promisify(execFile);

let browser: Browser;
let dir: string;
let archive: string;
/** What the READMEs call `/models/`: a bundle with the voice that they speak with. */
let models: string;

beforeAll(async () => {
  browser = await launch();
  dir = await mkdtemp(join(tmpdir(), "pocket-onnx-package-"));
  await run("npm", ["pack", "--pack-destination", dir, "--loglevel=error"], { cwd: PACKAGE });
  archive = join(dir, (await readdir(dir)).find((name) => name.endsWith(".tgz")) ?? "");
  models = join(dir, "models");
  const english = join(models, "english");
  const voice = join(BUNDLES, "english_2m_default", "voice.synthetic_1.safetensors");
  const model = ["--variant", "english_2m_2026-10", "--synthetic", "1"];
  await command(["convert", "--quiet", ...model, "--voices", `alba=${voice}`, "--output-dir", english]);
});

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await rm(dir, { recursive: true });
});

/** The code of this language in a README that holds these words. */
async function readme(file: string, language: string, words: string): Promise<string> {
  const text = await readFile(join(PACKAGE, file), "utf8");
  const blocks = Array.from(text.matchAll(/```(\w+)\n([\s\S]*?)```/g));
  const found = blocks.find(([, is, code]) => is === language && code?.includes(words))?.[2];
  if (found === undefined) throw new Error(`${file} shows no ${language} with ${words}`);
  return found;
}

/** Watches what becomes of a click: put behind a README's script, which stays as it is. */
const WATCH = `
const button = document.querySelector("button");
const { onclick } = button;
button.onclick = async () => {
  await onclick();
  window.heard = window.contexts.map(({ currentTime }) => currentTime);
};
window.samples = async (backend) => {
  const tts = await PocketTTS.fromPretrained("/models/english/", { backend });
  let samples = 0;
  for await (const chunk of tts.stream("Hello world.", { seed: 1 })) samples += chunk.audio.length;
  await tts.dispose();
  return samples;
};
button.title = "watched";
`;

declare global {
  /** Seconds that each context of the page had run when all was heard. */
  var heard: number[];
  /** How many samples a backend makes. */
  function samples(backend: "engine" | "onnxruntime"): Promise<number>;
}

/** Presses the page's button, and has both backends speak. */
async function expectSpeech(url: string): Promise<void> {
  await using page = await browser.context.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    const { url } = message.location();
    // Browsers ask for an icon that no README speaks of.
    if (message.type() === "error" && !url.endsWith("/favicon.ico")) problems.push(`${message.text()} (${url})`);
  });
  await watchContexts(page);
  await page.goto(url);
  const watched = page.locator("button[title=watched]");
  await watched.click({ timeout: 20_000 }).catch((error: unknown) => expect(`${error}`).toBe(problems.join("; ")));
  const heard = await page.waitForFunction(() => globalThis.heard).then((handle) => handle.jsonValue());
  expect(heard).toHaveLength(1);
  expect(heard[0]).toBeGreaterThan(1);
  const counts = [await page.evaluate(() => samples("engine")), await page.evaluate(() => samples("onnxruntime"))];
  expect(counts[0]).toBeGreaterThan(1920 * 10);
  expect(counts[1]).toBe(counts[0]);
  expect(problems).toEqual([]);
}

/** A folder that the archive is installed in. */
async function project(name: string, files: Record<string, string>): Promise<string> {
  const folder = join(dir, name);
  await mkdir(folder);
  const manifest = { name, private: true, type: "module", dependencies: { "pocket-onnx": `file:${archive}` } };
  for (const [file, text] of Object.entries({ ...files, "package.json": JSON.stringify(manifest) })) {
    await writeFile(join(folder, file), text);
  }
  await run("npm", ["install", "--ignore-scripts", "--offline", "--loglevel=error"], { cwd: folder });
  return folder;
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
    "package/wasm/normalize/pocket_onnx_normalize_bg.wasm",
    "package/wasm/encode/pocket_onnx_encode_bg.wasm",
    "package/onnxruntime/ort-wasm-simd-threaded.wasm",
    "package/onnxruntime/LICENSE",
    "package/starling/files.js",
    "package/starling/bundle/manifest.json",
    "package/starling/bundle/mimi_encoder.onnx.data",
  ]) {
    expect(files).toContain(file);
  }
  // Many hosts have no type for `.mjs`.
  expect(files.filter((file) => /node_modules|tests|\.map$|\.mjs$/.test(file))).toEqual([]);
});

test("a page without a bundler, with the project's README", async () => {
  const script = await readme("../README.md", "js", "PocketTTS");
  const html = await readme("README.md", "html", "<button>");
  // The README says from where.
  const main = script.replace('from "pocket-onnx"', 'from "/node_modules/pocket-onnx/dist/index.js"') + WATCH;
  const folder = await project("plain", { "main.js": main, "index.html": html });
  await using server = await serve({ "/models/": models, "/": folder }, { isolated: true });
  await expectSpeech(server.url);
}, 120_000);

test("a fresh Vite project with the package's README, while it is written and once it is built", async () => {
  const folder = await project("vite", {
    "index.html": await readme("README.md", "html", "<button>"),
    "main.js": (await readme("README.md", "js", "// main.js")) + WATCH,
    "vite.config.js": await readme("README.md", "js", "// vite.config.js"),
  });
  await cp(models, join(folder, "public/models"), { recursive: true });
  const config = { root: folder, configFile: join(folder, "vite.config.js"), logLevel: "warn" } as const;

  const written = await createServer(config);
  await written.listen();
  try {
    await expectSpeech(written.resolvedUrls?.local[0] ?? "");
  } finally {
    await written.close();
  }

  await build(config);
  await using server = await serve({ "/": join(folder, "dist") }, { isolated: true });
  await expectSpeech(server.url);
}, 120_000);

test("its types are those of a strict TypeScript project", async () => {
  const script = `import { Player, PocketTTS, type SpeakOptions, type Voice } from "pocket-onnx";
    import { ComponentStream } from "pocket-onnx/state";
    export const stream: typeof ComponentStream.prototype.run | undefined = undefined;
    const options: SpeakOptions = { seed: 1, temperature: 0.5 };
    export async function say(text: string, player = new Player()): Promise<Voice> {
      const tts = await PocketTTS.fromPretrained("/models/english/", { dtype: "q8" });
      for await (const { audio, sampleRate } of tts.stream(text, options)) await player.write(audio, sampleRate);
      await player.end();
      return tts.cloneVoice({ samples: new Float32Array(24_000), sampleRate: 24_000 });
    }`;
  const folder = await project("typed", { "main.ts": script });
  const options = ["--strict", "--noEmit", "--target", "es2023", "--lib", "es2023,dom,dom.iterable"];
  for (const resolution of [
    ["--module", "nodenext"],
    ["--module", "esnext", "--moduleResolution", "bundler"],
  ]) {
    const tsc = run(join(PACKAGE, "node_modules/.bin/tsc"), [...options, ...resolution, "main.ts"], { cwd: folder });
    expect(
      await tsc.then(
        () => "",
        (error) => error.stdout,
      ),
    ).toBe("");
  }
});
