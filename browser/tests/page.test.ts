/** The demo page in a real browser, around a library that speaks tones. */

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { BrowserContextOptions, Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch } from "./support/chromium.js";
import { serveFolder, type Host } from "./support/folder.js";

const root = join(import.meta.dirname, "..");
/** Where screenshots go, to be looked at. */
const SCREENSHOTS = join(root, "../target/screenshots");

/** What a careful host sends: isolation, and nothing from elsewhere. */
const HEADERS = {
  "content-security-policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
};
const VOICES = ["alba", "marius", "javert", "jean", "fantine", "cosette", "eponine", "azelma"];
const MODELS = {
  models: [
    { name: "english", language: "english", size: 235_700_000, voice_cloning: true, voices: VOICES },
    { name: "noise", language: "german", synthetic: true, size: 8_000_000, voice_cloning: false, voices: ["hiss"] },
  ],
};
const FILES = {
  "/models/index.json": JSON.stringify(MODELS),
  "/models/english/manifest.json": "{}",
  "/models/noise/manifest.json": "{}",
};

let built: string;
let host: Host;

beforeAll(async () => {
  built = await mkdtemp(join(tmpdir(), "pocket-onnx-page-"));
  const player = join(built, "player");
  const options = ["--noEmit", "false", "--outDir", player, "--rootDir", join(root, "src/player")];
  const project = join(root, "tests/player.tsconfig.json");
  await promisify(execFile)(join(root, "node_modules/.bin/tsc"), ["-p", project, ...options]);
  // As for publishing: test runners call their environment something else.
  process.env["NODE_ENV"] = "production";
  await build({
    configFile: join(root, "demo/vite.config.ts"),
    logLevel: "warn",
    resolve: {
      alias: [
        { find: "pocket-onnx", replacement: join(root, "tests/support/stand-in.ts") },
        { find: "../../src/player/index.js", replacement: join(player, "index.js") },
      ],
    },
    build: { outDir: join(built, "page") },
  });
  host = await serveFolder(join(built, "page"), FILES, HEADERS);
  await mkdir(SCREENSHOTS, { recursive: true });
});

afterAll(async () => {
  await host?.[Symbol.asyncDispose]();
  await rm(built, { recursive: true, force: true });
});

/** A fresh browser with the page, which has found its models. */
async function visit(options: BrowserContextOptions = {}, url = host.url) {
  const browser = await launch(options);
  const page = await browser.context.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  await page.goto(url);
  await page.locator("#speak:enabled").waitFor();
  return { browser, page, problems, [Symbol.asyncDispose]: () => browser[Symbol.asyncDispose]() };
}

/** Changes what the stand-in does. */
const setting = (page: Page, settings: object) =>
  page.evaluate((it) => void Object.assign((window as never as { standIn: object }).standIn, it), settings);

test("speaks, shows which sentence sounds, and hands out a WAV file", async () => {
  await using visited = await visit({ viewport: { width: 1440, height: 900 }, acceptDownloads: true });
  const { page, problems } = visited;
  await page.fill("#text", "One sentence here. “Another one,” it said, and went on. The end.");
  await page.click("#speak");
  await page.locator("#backdrop mark").waitFor();
  expect(await page.locator("#backdrop mark").textContent()).toBe("One sentence here.");
  expect(await page.locator("#speak").textContent()).toContain("Pause");
  await page.waitForFunction(() => document.querySelector("#backdrop mark")?.textContent?.startsWith("“Another"));
  await page.waitForFunction(() => document.getElementById("status")?.textContent === "Done.");
  expect(await page.locator("#backdrop mark").count()).toBe(0);
  expect(await page.textContent("#gaps")).toBe("0");
  expect(await page.textContent("#first-sound")).toMatch(/^\d+ ms$/);
  expect(await page.textContent("#factor")).toMatch(/^0\.\d\d$/);
  expect(await page.textContent("#last-seed")).toBe("Last: 7.");
  expect(await page.textContent("#threads")).toMatch(/^2 of \d+$/);
  expect(await page.textContent("#isolated")).toBe("yes");

  const download = page.waitForEvent("download");
  await page.click("#save-wav");
  const wav = await readFile(await (await download).path());
  expect(wav.subarray(0, 4).toString()).toBe("RIFF");
  const seconds = (wav.length - 4) / 2 / 24_000;
  expect(`${seconds.toFixed(1)} s`).toBe(await page.textContent("#spoken"));
  expect(problems).toEqual([]);
});

test("keys speak, hold and stop", async () => {
  await using visited = await visit();
  const { page } = visited;
  await page.focus("#text");
  await page.keyboard.press("Control+Enter");
  await page.locator("#backdrop mark").waitFor();
  await page.focus("#speak");
  await page.keyboard.press("Space");
  await page.waitForFunction(() => document.getElementById("status")?.textContent === "Paused.");
  await page.waitForTimeout(150);
  const held = await page.textContent("#clock");
  await page.waitForTimeout(300);
  expect(await page.textContent("#clock")).toBe(held);
  await page.keyboard.press("Space");
  await page.waitForFunction((held) => document.getElementById("clock")?.textContent !== held, held);
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => document.getElementById("status")?.textContent === "Stopped.");
  // And again.
  await page.keyboard.press("Control+Enter");
  await page.locator("#backdrop mark").waitFor();

  // Everything can be reached, in the order in which it is seen.
  await page.keyboard.press("Escape");
  await page.locator("#stop:disabled").waitFor();
  await page.focus(".skip");
  const reached: string[] = [];
  for (let i = 0; i < 8; i += 1) {
    await page.keyboard.press("Tab");
    reached.push(await page.evaluate(() => document.activeElement?.id || (document.activeElement as HTMLInputElement)?.value || ""));
  }
  expect(reached).toEqual(["sample", "text", "speak", "alba", "model", "", "", expect.any(String)]);
});

test("what goes wrong is said on the page", async () => {
  await using visited = await visit();
  const { page } = visited;
  const message = "flow_lm.onnx.data has SHA-256 00 where the manifest says ff";
  await setting(page, { failure: message });
  await page.click("#speak");
  await page.locator("#error").waitFor();
  expect(await page.textContent("#error")).toContain(`The text could not be spoken. ${message}.`);
  expect(await page.getAttribute("#error", "role")).toBe("alert");
  await page.screenshot({ path: join(SCREENSHOTS, "error.png") });
  // Trying again does.
  await page.click("#retry");
  expect(await page.isVisible("#error")).toBe(false);
  await page.locator("#backdrop mark").waitFor();
  await page.click("#stop");

  await using empty = await serveFolder(join(built, "page"), {}, HEADERS);
  const other = await visited.browser.context.newPage();
  await other.goto(empty.url);
  await other.locator("#error").waitFor();
  expect(await other.textContent("#error")).toContain("/models/index.json gives 404");
  expect(await other.isDisabled("#speak")).toBe(true);
});

test("voices: chosen, opened, recorded, saved", async () => {
  await using visited = await visit({ acceptDownloads: true });
  const { page, problems } = visited;
  await page.check("input[value=marius]");
  await page.click("#cloning summary");
  expect(await page.isDisabled("#record")).toBe(true);
  expect(await page.isDisabled("#recording")).toBe(true);
  await page.check("#consent");
  await page.click("#record");
  await page.waitForFunction(() => document.getElementById("record")?.textContent?.includes("Stop, 1"));
  await page.click("#record");
  await page.locator("input[value='my voice']:checked").waitFor();
  const file = { name: "grandmother.wav", mimeType: "audio/wav", buffer: Buffer.alloc(1000) };
  await page.setInputFiles("#recording", file);
  await page.locator("input[value=grandmother]:checked").waitFor();
  await page.setInputFiles("#voice-file", { ...file, name: "grandmother.safetensors" });
  await page.locator("input[value='grandmother 2']:checked").waitFor();
  const download = page.waitForEvent("download");
  await page.click("#save-voice");
  expect((await download).suggestedFilename()).toBe("grandmother 2.safetensors");
  expect(problems).toEqual([]);

  await page.setInputFiles("#recording", { ...file, buffer: Buffer.alloc(1) });
  await page.locator("#error").waitFor();
  expect(await page.textContent("#error")).toContain("No voice could be made of grandmother. The recording holds no sound.");
});

test("a synthetic model says so, and one that cannot clone does not offer it", async () => {
  await using visited = await visit();
  const { page } = visited;
  expect(await page.isVisible("#synthetic")).toBe(false);
  await page.selectOption("#model", "noise");
  expect(await page.isVisible("#synthetic")).toBe(true);
  await page.click("#speak");
  await page.locator("#backdrop mark").waitFor();
  expect(await page.textContent("#advice")).toBe("The browser has no room to keep the model.");
  await page.click("#stop");
  expect(await page.inputValue("#text")).toContain("Leuchtturmwärter");
  expect(await page.locator("input[name=voice]").evaluateAll((all) => all.map((it) => (it as HTMLInputElement).value))).toEqual(["hiss"]);
  await page.click("#cloning summary");
  expect(await page.isDisabled("#consent")).toBe(true);
  expect(await page.textContent("#cloning-help")).toContain("cannot make a voice");
});

test("the second visit needs no network, and hosts without headers are isolated", async () => {
  const plain = await serveFolder(join(built, "page"), FILES);
  const browser = await launch();
  await using _ = browser;
  const page = await browser.context.newPage();
  await page.goto(plain.url);
  // The service worker brings the headers with one reload.
  await page.waitForFunction(() => crossOriginIsolated, undefined, { timeout: 20_000 });
  await page.locator("#speak:enabled").waitFor();
  await page.waitForFunction(() => document.getElementById("offline")?.textContent === "ready");
  expect(await page.textContent("#isolated")).toBe("yes");
  await page.click("#speak");
  await page.locator("#backdrop mark").waitFor();
  await page.click("#stop");
  const { origin } = new URL(plain.url);
  await plain[Symbol.asyncDispose]();
  await browser.context.setOffline(true);

  await page.goto(`${origin}/?again`);
  await page.locator("#speak:enabled").waitFor();
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  await page.click("#speak");
  await page.locator("#backdrop mark").waitFor();
  // Fonts and icons are there, too.
  expect(await page.evaluate(async () => (await document.fonts.ready, document.fonts.check("1em 'Literata Variable'")))).toBe(true);
});

test("it can be installed", async () => {
  await using visited = await visit();
  const session = await visited.browser.context.newCDPSession(visited.page);
  await visited.page.waitForFunction(() => document.getElementById("offline")?.textContent === "ready");
  const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
  // A profile without a window cannot install; all else is in order.
  expect(installabilityErrors.map((it) => it.errorId).filter((it) => it !== "in-incognito")).toEqual([]);
  const { errors } = await session.send("Page.getAppManifest");
  expect(errors).toEqual([]);
});

const WIDTHS = [360, 1440];
const SCHEMES = ["light", "dark"] as const;

test.each(WIDTHS.flatMap((width) => SCHEMES.map((scheme) => [width, scheme] as const)))(
  "looks right at %d px in %s",
  async (width, colorScheme) => {
    const height = width < 500 ? 780 : 900;
    await using visited = await visit({ viewport: { width, height }, colorScheme, deviceScaleFactor: 2 });
    const { page } = visited;
    const shoot = (name: string) =>
      page.screenshot({ path: join(SCREENSHOTS, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    await page.evaluate(() => document.fonts.ready);
    await shoot("rest");
    // Nothing is wider than the window.
    const wide = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(await wide()).toBeLessThanOrEqual(0);
    await setting(page, { pace: 10 });
    await page.click("#speak");
    await page.locator("#progress:visible").waitFor();
    await shoot("loading");
    await page.waitForFunction(() => Number(document.getElementById("clock")?.textContent?.split(":")[1]) > 2);
    await shoot("speaking");
    await page.click("#stop");
    await page.selectOption("#model", "noise");
    for (const summary of await page.locator("summary").all()) await summary.click();
    await shoot("open");
    expect(await wide()).toBeLessThanOrEqual(0);
    expect(await contrasts(page)).toEqual([]);
    expect(await unlabelled(page)).toEqual([]);
    // Fingers are larger than mice.
    const small = await page.locator("button, select, summary, .button, .voice").evaluateAll((all) =>
      all.filter((it) => it.getClientRects()[0] && it.getBoundingClientRect().height < 36).map((it) => it.outerHTML.slice(0, 60)),
    );
    expect(small).toEqual([]);
  },
);

/** Texts whose contrast with what is behind them is below 4.5 to 1; of disabled ones less is enough. */
function contrasts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const parse = (color: string): number[] => {
      if (canvas === null) return [];
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      return Array.from(canvas.getImageData(0, 0, 1, 1).data);
    };
    const luminance = (color: number[]) => {
      const [r = 0, g = 0, b = 0] = color.map((it) => (it / 255 <= 0.04045 ? it / 3294.6 : ((it / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element: Element | null): number[] => {
      for (let at = element; at !== null; at = at.parentElement) {
        const color = parse(getComputedStyle(at).backgroundColor);
        if ((color[3] ?? 0) > 250) return color;
      }
      return [255, 255, 255, 255];
    };
    const poor: string[] = [];
    for (const element of document.querySelectorAll("body *")) {
      const own = Array.from(element.childNodes).some((it) => it.nodeType === 3 && it.textContent?.trim());
      const isField = element.matches("input, textarea, select");
      if ((!own && !isField) || element.closest(".backdrop, .skip, .unseen") || element.matches("option") || !element.checkVisibility()) continue;
      const [a, b] = [luminance(parse(getComputedStyle(element).color)), luminance(ground(element))];
      const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      const least = element.closest(":disabled, [aria-disabled=true]") ? 3 : 4.5;
      if (contrast < least) poor.push(`${contrast.toFixed(2)}: ${element.outerHTML.slice(0, 80)}`);
    }
    return poor;
  });
}

/** Fields and buttons without a name. */
function unlabelled(page: Page): Promise<string[]> {
  return page.locator("input, textarea, select, button").evaluateAll((all) =>
    all
      .filter((it) => {
        const field = it as HTMLInputElement;
        const named = field.labels?.length || field.ariaLabel || field.getAttribute("aria-labelledby");
        return !named && !field.textContent?.trim();
      })
      .map((it) => it.outerHTML.slice(0, 80)),
  );
}
