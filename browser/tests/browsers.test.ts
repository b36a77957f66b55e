/**
 * The package in every browser: loading, speaking with one worker and with two, cloning, aborting, Cache Storage. The
 * other tests are of Chromium alone.
 */

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AnyBrowser, installedBrowsers, openPackage, type Tab, until } from "./support/browsers.js";
import { BUNDLES, difference, native, nativeSpeech } from "./support/bundles.js";
import { launch } from "./support/chromium.js";
import { buildDemo } from "./support/demo.js";
import { servePackage } from "./support/page.js";
import { distances, parse } from "./support/safetensors.js";
import { serve, type Server } from "./support/server.js";

const TEXT = "Hello there. [pause 100ms] This is a test.";
const SEED = 7;
/** Feedback amplifies rounding: so much of the beginning is compared sample by sample. */
const COMPARED = 10 * 1920;

/** A module with one function, which swizzles by a relaxed instruction. */
const RELAXED_SIMD = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15,
  253, 128, 2, 11,
];

/** Bundles, and how far from the native command's their samples may be: see `speaking.test.ts`. */
const SPOKEN: [string, number][] = [
  ["english_2m", 1e-3],
  ["english_2m_default", 1e-2],
];

const expected = new Map<string, Float32Array>();
let isolated: Server;
let plain: Server;
/** The page as it is published. */
let page: string;

beforeAll(async () => {
  page = await mkdtemp(join(tmpdir(), "pocket-onnx-browsers-page-"));
  await buildDemo(page);
  for (const [bundle] of SPOKEN) {
    expected.set(bundle, await nativeSpeech(bundle, TEXT, ["--seed", String(SEED)]));
  }
  isolated = await servePackage(true);
  plain = await servePackage(false);
});

afterAll(async () => {
  await isolated?.[Symbol.asyncDispose]();
  await plain?.[Symbol.asyncDispose]();
  await rm(page, { recursive: true, force: true });
});

describe.each(installedBrowsers())("$name", ({ name: kind, launch }) => {
  let browser: AnyBrowser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.[Symbol.asyncDispose]());

  /** Runs `work` in a page of its own. */
  async function inPage<R>(server: Server, work: (tab: Tab) => Promise<R>): Promise<R> {
    const tab = await openPackage(browser, server);
    try {
      return await work(tab);
    } finally {
      await tab.close();
    }
  }

  for (const [bundle, bound] of SPOKEN) {
    for (const threads of [1, 2]) {
      test(`${bundle} is spoken as natively, with ${threads} workers`, async () => {
        const speak = async ([bundle, text, seed, threads]: readonly [string, string, number, number]) => {
          const tts = await globalThis.pocket.PocketTTS.fromPretrained(`/models/${bundle}`, { threads });
          const { audio, statistics } = await tts.generate(text, { seed });
          await tts.dispose();
          return { audio: [...audio], workers: statistics.workers };
        };
        const { audio, workers } = await inPage(isolated, (tab) =>
          tab.evaluate(speak, [bundle, TEXT, SEED, threads] as const),
        );
        expect(workers).toBe(threads);
        const natively = expected.get(bundle) ?? new Float32Array();
        expect(audio.length).toBe(natively.length);
        expect(difference(Float32Array.from(audio), natively, COMPARED)).toBeLessThan(bound);
      });
    }
  }

  test("there are two workers if the page is isolated, otherwise one", async () => {
    const load = async () => {
      const tts = await globalThis.pocket.PocketTTS.fromPretrained();
      const about = { isolated: crossOriginIsolated, workers: tts.statistics.workers, voices: tts.listVoices() };
      await tts.dispose();
      return about;
    };
    for (const [server, workers] of [
      [isolated, 2],
      [plain, 1],
    ] as const) {
      const about = await inPage(server, (tab) => tab.evaluate(load, undefined));
      expect(about).toEqual({ isolated: workers === 2, workers, voices: ["robin", "heron"] });
    }
  });

  test("a recording gives the native voice file, and the voice speaks", async () => {
    const dir = await mkdtemp(join(tmpdir(), "pocket-onnx-browsers-"));
    try {
      const [speech, wav] = [join(dir, "speech.wav"), join(dir, "recording.wav")];
      const run = promisify(execFile);
      await run("espeak-ng", ["-w", speech, "This is the voice that is to be cloned."]);
      await run("ffmpeg", ["-y", "-loglevel", "error", "-i", speech, "-ar", "24000", "-ac", "2", wav]);
      const args = ["voice", "export", wav, "--bundle", join(BUNDLES, "english_2m"), "-o", "voice.safetensors"];
      const expected = parse(await native(args, "voice.safetensors"));
      const clone = async (sound: number[]) => {
        const tts = await globalThis.pocket.PocketTTS.fromPretrained("/models/english_2m");
        const voice = await tts.cloneVoice(new Blob([Uint8Array.from(sound)], { type: "audio/wav" }));
        const file = await (await tts.exportVoice(voice)).arrayBuffer();
        const { audio } = await tts.generate("Hello.", { voice, seed: 4, framesAfterEos: 1 });
        await tts.dispose();
        return { file: [...new Uint8Array(file)], samples: audio.length };
      };
      const sound = [...(await readFile(wav))];
      const { file, samples } = await inPage(isolated, (tab) => tab.evaluate(clone, sound));
      expect(samples).toBeGreaterThan(1920);
      const far = distances(parse(Buffer.from(file)), expected).filter(([, distance]) => !(distance <= 1e-5));
      expect(far).toEqual([]);
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  for (const threads of [1, 2]) {
    test(`an abort ends the speech of ${threads} workers, and the next text is spoken`, async () => {
      const abort = async ([text, threads]: readonly [string, number]) => {
        const tts = await globalThis.pocket.PocketTTS.fromPretrained("/models/english_2m", { threads });
        const control = new AbortController();
        let [chunks, name] = [0, ""];
        try {
          for await (const _ of tts.stream(text.repeat(100), { signal: control.signal })) {
            if (++chunks === 3) control.abort();
          }
        } catch (error) {
          name = (error as Error).name;
        }
        const alone = await tts.generate("Again.", { seed: 1 });
        const again = await tts.generate("Again.", { seed: 1 });
        await tts.dispose();
        const same = JSON.stringify([...alone.audio]) === JSON.stringify([...again.audio]);
        return { chunks, name, samples: alone.audio.length, same };
      };
      const result = await inPage(isolated, (tab) => tab.evaluate(abort, [TEXT, threads] as const));
      expect(result).toMatchObject({ chunks: 3, name: "AbortError", same: true });
      expect(result.samples).toBeGreaterThan(1920);
    });
  }

  test("a second visit asks for nothing but the manifest", async () => {
    const load = async (text: string) => {
      const sources = new Set<string>();
      const tts = await globalThis.pocket.PocketTTS.fromPretrained("/models/english_2m", {
        onProgress: ({ file }) => void sources.add(file.source),
      });
      const { audio, statistics } = await tts.generate(text, { seed: 1 });
      await tts.dispose();
      return { audio: [...audio], cacheHit: statistics.cacheHit, sources: [...sources] };
    };
    const asked = () => isolated.asked.filter((path) => path.startsWith("/models/"));
    // Nothing is cached.
    await using fresh = await launch();
    isolated.reset();
    const first = await (await openPackage(fresh, isolated)).evaluate(load, TEXT);
    expect(first.cacheHit).toBe(false);
    expect(asked().length).toBeGreaterThan(1);
    isolated.reset();
    const second = await (await openPackage(fresh, isolated)).evaluate(load, TEXT);
    expect(second).toEqual({ audio: first.audio, cacheHit: true, sources: ["cache"] });
    expect(asked()).toEqual(["/models/english_2m/manifest.json"]);
  });

  test("a first visit fetches the module once until it speaks", async () => {
    await using site = await serve({ "/": page }, { isolated: true, published: true });
    await using fresh = await launch();
    const tab = await fresh.open(`${site.url}#speak`);
    await until(tab, () => document.getElementById("spoken")?.textContent !== "–", undefined);
    const isModule = (name: string) => name.startsWith("pocket_onnx_bg");
    const modules = names(site).filter(isModule);
    expect(modules).toHaveLength(1);
    await until(tab, () => document.getElementById("offline")?.textContent === "ready", undefined);
    // What is kept for visits without a network was fetched after what the first sound needs, and without the build
    // of the module that is for other browsers.
    const all = names(site);
    expect(all.indexOf("sw.js")).toBeGreaterThan(all.findIndex((name) => name.startsWith("pocket_onnx_normalize_bg")));
    expect(new Set(all.filter(isModule))).toEqual(new Set(modules));
    // What was fetched is in the browser's own cache, which WebKit does not have in a private window, as this is.
    expect(all.filter(isModule).length).toBeLessThanOrEqual(kind === "WebKit" ? 2 : 1);
  });

  test("the page speaks, and lists what the browser cannot do", async () => {
    // A static web host: the model is the included one.
    await using site = await serve({ "/": page }, { isolated: true });
    const tab = await browser.open(site.url);
    await until(tab, () => document.querySelector("#speak:enabled") !== null, undefined);
    await tab.click("#speak");
    // Sound is made, whether there is a loudspeaker or not.
    await until(tab, () => document.getElementById("spoken")?.textContent !== "–", undefined);
    const shown = await tab.evaluate(() => {
      const text = (id: string) => document.getElementById(id)?.textContent ?? "";
      const limits = [...document.querySelectorAll("#limits li")].map((it) => it.textContent);
      const hidden = [...document.querySelectorAll("#error, #advice")].every((it) => (it as HTMLElement).hidden);
      return {
        status: text("status"),
        threads: text("threads"),
        isolated: text("isolated"),
        memory: text("memory"),
        limits,
        hidden,
      };
    }, undefined);
    expect(shown.hidden).toBe(true);
    expect(shown.isolated).toBe("yes");
    expect(shown.threads).toMatch(/^2 of \d+$/);
    expect(shown.memory).toMatch(/^(measuring|\d+(\.\d)? MB)$/);
    expect(shown.status).toMatch(/^(Speaking\.|The browser has not started the sound)/);
    const relaxed = await tab.evaluate((bytes) => WebAssembly.validate(Uint8Array.from(bytes)), RELAXED_SIMD);
    expect(shown.limits.includes("This browser has no relaxed SIMD, so speech is made more slowly.")).toBe(!relaxed);
    for (const limit of shown.limits) expect(limit).toMatch(/^This browser (has no relaxed SIMD|cannot decode)/);
    await tab.close();
  });
});

/** Names of the files that were asked for. */
function names(site: Server): string[] {
  return site.asked.map((path) => path.split("/").at(-1) ?? "");
}

test("what a browser lacks is said in words", async () => {
  await using site = await serve({ "/": page });
  await using browser = await launch();
  await browser.context.addInitScript(() => {
    for (const name of ["MediaRecorder", "caches"]) Reflect.deleteProperty(globalThis, name);
    Reflect.deleteProperty(Navigator.prototype, "serviceWorker");
    HTMLMediaElement.prototype.canPlayType = (type) => (/mpeg|mp4|flac/.test(type) ? "" : "probably");
  });
  const tab = await browser.context.newPage();
  await tab.goto(site.url);
  await tab.locator("#speak:enabled").waitFor();
  expect(await tab.locator("#limits li").allTextContents()).toEqual([
    "This page is not cross-origin isolated, so the model uses one thread.",
    "This browser cannot store models: each visit downloads them again.",
    "This browser cannot open this page without a network.",
    "This browser cannot record: choose a recording instead.",
    "This browser cannot decode MP3, M4A and FLAC; WAV files always work.",
  ]);
  await tab.click("summary:text('Your own voice')");
  await tab.check("#consent");
  expect(await tab.isEnabled("#record")).toBe(false);
  expect(await tab.isEnabled("#recording")).toBe(true);
});
