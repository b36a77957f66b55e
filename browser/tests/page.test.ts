/** The demo page in a real browser, served by the command, speaking with synthetic models. */

import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { difference, floatsOfWav, native, PACKAGE } from "./support/bundles.js";
import { type Browser, launch, type Options } from "./support/chromium.js";
import { run, type Served, serveCommand } from "./support/command.js";
import { type Fault, serve } from "./support/server.js";

/** Where screenshots go, to be looked at. */
const SCREENSHOTS = join(PACKAGE, "../target/screenshots");
const FIXTURES = join(PACKAGE, "../fixtures");
const TOKENIZERS = join(PACKAGE, "../crates/checkpoint/assets");

/** Several requests to the speaker, for models that speak some seconds at a time. */
const TEXT =
  "The lighthouse keeper had one rule, and it was an old one that nobody could explain any more. " +
  "“Never answer the radio after midnight,” it said on the wall, in letters that were faded by the salt. " +
  "On the last night of October, when the wind had dropped and the sea lay flat, it called him by name. " +
  "He set down his tea, and listened.";

let work: string;
let site: Served;

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), "pocket-onnx-page-"));
  const tiny = (name: string, tokenizer: string) => [
    "convert",
    ...["--config", join(FIXTURES, `configs/${name}.yaml`)],
    ...["--tokenizer", join(TOKENIZERS, tokenizer)],
    ...["--synthetic", "1", "--output-dir", join(work, "models", name)],
  ];
  await run(tiny("tiny_english", "tokenizer.json"));
  // One that cannot clone.
  const components = ["text_conditioner", "flow_lm", "flow_net", "mimi_decoder"];
  await run([...tiny("tiny_flow_matching", "tokenizer.json"), "--components", ...components]);
  // As for publishing: test runners call their environment something else.
  process.env["NODE_ENV"] = "production";
  await build({
    configFile: join(PACKAGE, "demo/vite.config.ts"),
    logLevel: "warn",
    build: { outDir: join(work, "page") },
  });
  site = await serveCommand(["--bundle", join(work, "models"), "--page", join(work, "page")]);
  await mkdir(SCREENSHOTS, { recursive: true });
});

afterAll(async () => {
  await site?.[Symbol.asyncDispose]();
  await rm(work, { recursive: true, force: true });
});

interface Visit extends AsyncDisposable {
  browser: Browser;
  page: Page;
  /** What the page reports that it should not. */
  problems: string[];
}

/** A fresh browser with the page, which has found its models. */
async function visit(options: Options = {}, url = site.url): Promise<Visit> {
  const browser = await launch(options);
  const page = await browser.context.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  await page.goto(url);
  await page.locator("#speak:enabled").waitFor();
  return { browser, page, problems, [Symbol.asyncDispose]: () => browser[Symbol.asyncDispose]() };
}

/** Waits until the page says this. */
function says(page: Page, status: string): Promise<unknown> {
  const said = (status: string) => document.getElementById("status")?.textContent === status;
  return page.waitForFunction(said, status, { timeout: 60_000 });
}

const sounding = (page: Page) => page.locator("#backdrop mark").waitFor({ timeout: 60_000 });

test("speaks, shows which sentence sounds, and hands out the native command's WAV file", async () => {
  await using visited = await visit({ acceptDownloads: true });
  const { page, problems } = visited;
  await page.fill("#text", TEXT);
  await page.click("summary:text('More')");
  await page.fill("#seed", "7");
  await page.click("#speak");
  await sounding(page);
  const first = await page.textContent("#backdrop mark");
  expect(TEXT.startsWith(first ?? "?")).toBe(true);
  expect(first?.endsWith(".") || first?.endsWith("”")).toBe(true);
  expect(await page.locator("#speak").textContent()).toContain("Pause");
  // The level moves, and so does the clock.
  await page.waitForFunction(() => Number(document.getElementById("level")?.ariaValueNow) > -50);
  await page.waitForFunction(
    (first) => {
      const mark = document.querySelector("#backdrop mark")?.textContent;
      return mark && mark !== first;
    },
    first,
    { timeout: 60_000 },
  );
  await says(page, "Done.");
  expect(await page.locator("#backdrop mark").count()).toBe(0);
  const figures = await page.locator(".figures dd").allTextContents();
  expect(figures.join(" / ")).toMatch(/^\d+ ms \/ \d+\.\d\d \/ \d+\.\d s \/ \d+$/);
  // Faster than real time, there are no gaps.
  if (Number(figures[1]) < 0.8) expect(figures[3]).toBe("0");
  expect(await page.textContent("#last-seed")).toBe("Last: 7.");
  expect(await page.textContent("#threads")).toMatch(/^[12] of \d+$/);
  expect(await page.textContent("#isolated")).toBe("yes");

  const download = page.waitForEvent("download");
  await page.click("#save-wav");
  const heard = floatsOfI16(await readFile(await (await download).path()));
  const bundle = join(work, "models/tiny_english");
  const spoken = await native(["speak", TEXT, "--bundle", bundle, "--seed", "7", "--format", "f32", "-o", "out.wav"], "out.wav");
  const expected = floatsOfWav(spoken);
  expect(heard.length).toBe(expected.length);
  // 16 bits are exact to 1/32768, and loud samples are clipped.
  const clipped = expected.map((it) => Math.max(-1, Math.min(1, it)));
  expect(difference(heard, clipped, 10 * 1920)).toBeLessThan(1e-3);
  expect(problems).toEqual([]);
});

test("keys speak, hold and stop, and reach everything", async () => {
  await using visited = await visit();
  const { page } = visited;
  await page.focus("#text");
  await page.keyboard.press("Control+Enter");
  await sounding(page);
  await page.focus("#speak");
  await page.keyboard.press("Space");
  await says(page, "Paused.");
  await page.waitForTimeout(200);
  const held = await page.textContent("#clock");
  await page.waitForTimeout(300);
  expect(await page.textContent("#clock")).toBe(held);
  await page.keyboard.press("Space");
  await page.waitForFunction((held) => document.getElementById("clock")?.textContent !== held, held);
  await page.keyboard.press("Escape");
  await says(page, "Stopped.");
  // And again.
  await page.keyboard.press("Control+Enter");
  await sounding(page);
  await page.keyboard.press("Escape");
  await page.locator("#stop:disabled").waitFor();

  await page.focus(".skip");
  const reached: string[] = [];
  for (let i = 0; i < 7; i += 1) {
    await page.keyboard.press("Tab");
    const focused = () => {
      const { id, tagName, textContent, name } = document.activeElement as HTMLInputElement;
      return id || name || `${tagName} ${textContent.trim()}`;
    };
    reached.push(await page.evaluate(focused));
  }
  expect(reached).toEqual(["sample", "text", "speak", "voice", "model", "SUMMARY Your own voice", "SUMMARY More"]);
});

test("voices are chosen, recorded, opened and saved", async () => {
  await using visited = await visit({ acceptDownloads: true });
  const { page, problems } = visited;
  const names = await page.locator("input[name=voice]").evaluateAll((all) => all.map((it) => (it as HTMLInputElement).value));
  expect(names).toHaveLength(2);
  await page.check(`input[value=${names[1]}]`);
  await page.click("#cloning summary");
  expect(await page.isDisabled("#record")).toBe(true);
  expect(await page.isDisabled("#recording")).toBe(true);
  await page.check("#consent");
  // Chromium's microphone beeps.
  await page.click("#record");
  await page.waitForFunction(() => document.getElementById("record")?.textContent?.includes("Stop, 2"));
  await page.click("#record");
  await page.locator("input[value='my voice']:checked").waitFor();
  await page.click("#speak");
  await sounding(page);
  await page.click("#stop");

  // A saved voice opens again.
  const download = page.waitForEvent("download");
  await page.click("#save-voice");
  const saved = await download;
  expect(saved.suggestedFilename()).toBe("my voice.safetensors");
  const file = join(work, "my voice.safetensors");
  await cp(await saved.path(), file);
  await page.setInputFiles("#voice-file", file);
  await page.locator("input[value='my voice 2']:checked").waitFor();
  await page.click("#speak");
  await sounding(page);
  await page.click("#stop");
  expect(problems).toEqual([]);

  // What is no recording is refused.
  const broken = { name: "grandmother.wav", mimeType: "audio/wav", buffer: Buffer.alloc(1000) };
  await page.setInputFiles("#recording", broken);
  await page.locator("#error").waitFor();
  expect(await page.textContent("#error-title")).toBe("No voice could be made of grandmother.");
  expect(await page.textContent("#error-text")).not.toBe("");
});

test("a model says that it is synthetic, and whether it can clone", async () => {
  await using visited = await visit();
  const { page } = visited;
  expect(await page.textContent("#synthetic")).toContain("noise, not speech");
  expect(await page.isVisible("#synthetic")).toBe(true);
  await page.click("#cloning summary");
  expect(await page.isEnabled("#consent")).toBe(true);
  await page.selectOption("#model", "tiny_flow_matching");
  expect(await page.isDisabled("#consent")).toBe(true);
  expect(await page.textContent("#cloning-help")).toContain("cannot make a voice");
  await page.click("#speak");
  await sounding(page);
  await page.click("#stop");
});

/** The page on a host that misbehaves. */
async function faulty(index: unknown = { models: [{ name: "tiny_english" }] }) {
  const html = await readFile(join(work, "page/index.html"), "utf8");
  const mounts = { "/models/": join(work, "models"), "/": join(work, "page") };
  await writeFile(join(work, "models/index.json"), JSON.stringify(index));
  return serve(mounts, { isolated: true, pages: { "/": html } });
}

test.each<[Fault, string, string]>([
  ["missing", "flow_lm.onnx.data", "404"],
  ["page", "flow_lm.onnx.data", "page"],
  ["truncated", "flow_lm.onnx.data", "bytes"],
  ["other-bytes", "flow_lm.onnx.data", "SHA-256"],
  ["missing", "manifest.json", "404"],
  ["page", "manifest.json", ""],
])("a host's fault (%s, %s) is said on the page", async (fault, file, words) => {
  await using host = await faulty();
  await using visited = await visit({ serviceWorkers: "block" }, host.url);
  const { page } = visited;
  host.fail(file, fault);
  await page.click("#speak");
  await page.locator("#error").waitFor({ timeout: 60_000 });
  expect(await page.textContent("#error-title")).toBe("The text could not be spoken.");
  expect(await page.textContent("#error-text")).toContain(words);
  expect(await page.getAttribute("#error", "role")).toBe("alert");
  if (fault === "other-bytes") await page.screenshot({ path: join(SCREENSHOTS, "error.png") });
  // The host recovers, and trying again helps.
  host.reset();
  await page.click("#retry");
  expect(await page.isVisible("#error")).toBe(false);
  await sounding(page);
  await page.click("#stop");
});

test("a full disk is told, and the page speaks all the same", async () => {
  await using visited = await visit();
  const { page, browser } = visited;
  const session = await browser.context.newCDPSession(page);
  const { origin } = new URL(site.url);
  await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 1000 });
  await page.click("#speak");
  await sounding(page);
  await page.locator("#advice").waitFor();
  expect(await page.textContent("#advice")).toContain("room");
});

test("a site without models says so", async () => {
  await using host = await faulty({ models: [] });
  const browser = await launch();
  await using _ = browser;
  const page = await browser.context.newPage();
  await page.goto(host.url);
  await page.locator("#error").waitFor();
  expect(await page.textContent("#error")).toContain("This site offers no model.");
  expect(await page.isDisabled("#speak")).toBe(true);
  host.fail("models/index.json", "missing");
  await page.reload();
  await page.locator("#error").waitFor();
  expect(await page.textContent("#error")).toContain("/models/index.json gives 404");
});

test("the second visit needs no network, and hosts without headers are isolated", async () => {
  const plain = await serveCommand([
    ...["--bundle", join(work, "models"), "--page", join(work, "page")],
    "--no-isolation",
  ]);
  const browser = await launch();
  await using _ = browser;
  const page = await browser.context.newPage();
  await page.goto(plain.url);
  // The service worker brings the headers with one reload.
  await page.waitForFunction(() => crossOriginIsolated, undefined, { timeout: 60_000 });
  await page.locator("#speak:enabled").waitFor();
  await page.waitForFunction(() => document.getElementById("offline")?.textContent === "ready");
  expect(await page.textContent("#isolated")).toBe("yes");
  await page.click("#speak");
  await sounding(page);
  await page.click("#stop");
  await plain[Symbol.asyncDispose]();
  await browser.context.setOffline(true);

  await page.goto(`${plain.url}?again`);
  await page.locator("#speak:enabled").waitFor();
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  await page.click("#speak");
  await sounding(page);
  // Fonts are there, too.
  const fonts = async () => (await document.fonts.ready, document.fonts.check("1em 'Literata Variable'"));
  expect(await page.evaluate(fonts)).toBe(true);
});

test("without service workers and headers it speaks with one thread", async () => {
  await using plain = await serveCommand([
    ...["--bundle", join(work, "models"), "--page", join(work, "page")],
    "--no-isolation",
  ]);
  await using visited = await visit({ serviceWorkers: "block" }, plain.url);
  const { page } = visited;
  await page.click("#speak");
  await sounding(page);
  expect(await page.textContent("#isolated")).toBe("no, one thread");
  expect(await page.textContent("#threads")).toMatch(/^1 of \d+$/);
});

test("ONNX Runtime speaks when it is chosen", async () => {
  await using visited = await visit();
  const { page, problems } = visited;
  await page.click("summary:text('More')");
  await page.selectOption("#backend", "onnxruntime");
  await page.click("#speak");
  await sounding(page);
  await page.click("#stop");
  expect(problems).toEqual([]);
});

test("it can be installed", async () => {
  await using visited = await visit();
  const session = await visited.browser.context.newCDPSession(visited.page);
  await visited.page.waitForFunction(() => document.getElementById("offline")?.textContent === "ready");
  const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
  expect(installabilityErrors).toEqual([]);
  const { errors } = await session.send("Page.getAppManifest");
  expect(errors).toEqual([]);
});

test("a strict policy is kept", async () => {
  const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";
  const browser = await launch({ serviceWorkers: "block" });
  await using _ = browser;
  const page = await browser.context.newPage();
  await page.route("**/*", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, headers: { ...response.headers(), "content-security-policy": policy } });
  });
  const problems: string[] = [];
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  await page.goto(site.url);
  await page.locator("#speak:enabled").click();
  await sounding(page);
  expect(problems).toEqual([]);
});

const WIDTHS = [360, 1440];
const SCHEMES = ["light", "dark"] as const;

test.each(WIDTHS.flatMap((width) => SCHEMES.map((scheme) => [width, scheme] as const)))(
  "looks right at %d px in %s",
  async (width, colorScheme) => {
    const viewport = { width, height: width < 500 ? 780 : 900 };
    await using visited = await visit({ viewport, colorScheme, deviceScaleFactor: 2 });
    const { page } = visited;
    const shoot = (name: string) =>
      page.screenshot({ path: join(SCREENSHOTS, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    await page.evaluate(async () => void (await document.fonts.ready));
    await shoot("rest");
    // Nothing is wider than the window.
    const wide = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(await wide()).toBeLessThanOrEqual(0);
    await page.fill("#text", TEXT);
    await page.click("#speak");
    const seconds = () => Number(document.getElementById("clock")?.textContent?.split(":")[1]) > 2;
    await page.waitForFunction(seconds, undefined, { timeout: 60_000 });
    await shoot("speaking");
    await page.click("#stop");
    for (const summary of await page.locator("summary").all()) await summary.click();
    await shoot("open");
    expect(await wide()).toBeLessThanOrEqual(0);
    expect(await poorContrasts(page)).toEqual([]);
    expect(await unlabelled(page)).toEqual([]);
    // Fingers are larger than mice.
    const small = await page
      .locator("button, select, summary, .button, .voice")
      .evaluateAll((all) =>
        all
          .filter((it) => it.checkVisibility() && it.getBoundingClientRect().height < 36)
          .map((it) => it.outerHTML.slice(0, 60)),
      );
    expect(small).toEqual([]);
  },
);

/** Texts whose contrast with what is behind them is below 4.5 to 1; of disabled ones 3 is enough. */
function poorContrasts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const parse = (color: string): number[] => {
      if (canvas === null) return [];
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      return Array.from(canvas.getImageData(0, 0, 1, 1).data);
    };
    const linear = (it: number) => (it <= 10 ? it / 3294.6 : ((it / 255 + 0.055) / 1.055) ** 2.4);
    const luminance = ([r = 0, g = 0, b = 0]: number[]) =>
      0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
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
      if (!own && !element.matches("input, textarea, select")) continue;
      if (element.closest(".backdrop, .skip, .unseen, option") || !element.checkVisibility()) continue;
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

/** The samples of a WAV file of 16-bit integers. */
function floatsOfI16(file: Buffer): Float32Array {
  const samples = file.subarray(44);
  return Float32Array.from({ length: samples.length / 2 }, (_, i) => samples.readInt16LE(2 * i) / 32767);
}
