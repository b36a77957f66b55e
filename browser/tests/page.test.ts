/** The demo page in a real browser, served by the command, speaking with synthetic models. */

import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUNDLES, difference, floatsOfWav, native, PACKAGE } from "./support/bundles.js";
import { type Browser, launch, launchWithHiding, type Options } from "./support/chromium.js";
import { run, type Served, serveCommand } from "./support/command.js";
import { watchContexts } from "./support/contexts.js";
import { buildDemo } from "./support/demo.js";
import { REAL_TIME } from "./support/real-time.js";
import { type Fault, serve, type Server } from "./support/server.js";

/** Where screenshots go, to be looked at. */
const SCREENSHOTS = join(PACKAGE, "../target/screenshots");
const FIXTURES = join(PACKAGE, "../fixtures");
const TOKENIZERS = join(PACKAGE, "../crates/checkpoint/assets");

/** Two requests to the model, which speaks some seconds at a time. */
const BEGINNING =
  "The lighthouse keeper had one rule, and it was an old one that nobody could explain any more. " +
  "“Never answer the radio after midnight,” it said on the wall, in letters that were faded by the salt.";
const TEXT =
  BEGINNING +
  " On the last night of October, when the wind had dropped and the sea lay flat, it called him by name. " +
  "He set down his tea, and listened.";

let work: string;
let site: Served;
/** With the model that the READMEs recommend, in its default formats. */
let real: Served;

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
  await buildDemo(join(work, "page"));
  site = await serveCommand(served());
  real = await serveCommand(["--bundle", join(BUNDLES, "english_2m_default"), "--page", join(work, "page")]);
  await mkdir(SCREENSHOTS, { recursive: true });
});

afterAll(async () => {
  await site?.[Symbol.asyncDispose]();
  await real?.[Symbol.asyncDispose]();
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

/** States and times of the page's contexts. */
function contexts(page: Page): Promise<[AudioContextState, number][]> {
  return page.evaluate(() => globalThis.contexts.map(({ state, currentTime }) => [state, currentTime]));
}

/** Waits until the page shows this status. */
function says(page: Page, status: string): Promise<unknown> {
  const said = (status: string) => document.getElementById("status")?.textContent === status;
  return page.waitForFunction(said, status, { timeout: 60_000 });
}

const sounding = (page: Page) => page.locator("#backdrop mark").waitFor({ timeout: 60_000 });

test("speaks, shows which sentence sounds, and hands out the native command's WAV file", async () => {
  await using visited = await visit({ acceptDownloads: true });
  const { page, problems } = visited;
  await page.fill("#text", BEGINNING);
  await page.click("summary:text('More')");
  await page.fill("#seed", "7");
  await page.click("#speak");
  await sounding(page);
  const first = await page.textContent("#backdrop mark");
  expect(BEGINNING.startsWith(first ?? "?")).toBe(true);
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

  const saved = await saveWav(page);
  const bundle = join(work, "models/tiny_english");
  const expected = await nativeSpeech([BEGINNING, "--bundle", bundle, "--seed", "7"]);
  expect(saved.length).toBe(expected.length);
  expect(difference(saved, expected, 10 * 1920)).toBeLessThan(1e-3);
  expect(problems).toEqual([]);
});

/** Presses the button, and reads the file. */
async function saveWav(page: Page): Promise<Float32Array> {
  const download = page.waitForEvent("download");
  await page.click("#save");
  const samples = (await readFile(await (await download).path())).subarray(44);
  return Float32Array.from({ length: samples.length / 2 }, (_, i) => samples.readInt16LE(2 * i) / 32767);
}

/** The samples of the native command, clipped like the 16-bit files that the page saves. */
async function nativeSpeech(args: string[]): Promise<Float32Array> {
  const spoken = await native(["speak", ...args, "--format", "f32", "-o", "out.wav"], "out.wav");
  return floatsOfWav(spoken).map((it) => Math.max(-1, Math.min(1, it)));
}

test("a model in the default formats is heard without a gap, in the voice that is chosen", REAL_TIME, async () => {
  await using browser = await launch({ acceptDownloads: true });
  await watchContexts(browser.context);
  const page = await browser.context.newPage();
  await page.goto(real.url);
  await page.locator("#speak:enabled").waitFor();
  const text = "The lighthouse keeper had one rule.";
  await page.fill("#text", text);
  await page.check("input[value=synthetic_2]");
  await page.click("summary:text('More')");
  await page.fill("#seed", "3");
  await page.click("#speak");
  await says(page, "Done.");
  const [, factor, spoken, gaps] = await page.locator(".figures dd").allTextContents();
  expect(Number(factor)).toBeGreaterThan(0);
  expect(gaps).toBe("0");
  const made = await contexts(page);
  expect(made).toHaveLength(1);
  const [state, time] = made[0] ?? [];
  expect(state).toBe("running");
  expect(time).toBeGreaterThan(Number.parseFloat(spoken ?? ""));

  const saved = await saveWav(page);
  const args = ["--bundle", join(BUNDLES, "english_2m_default"), "--voice", "synthetic_2", "--seed", "3"];
  const expected = await nativeSpeech([text, ...args]);
  expect(saved.length).toBe(expected.length);
  // Activations that lie between two integers are rounded to either, and that is fed back.
  expect(difference(saved, expected, 10 * 1920)).toBeLessThan(1e-2);

  // It is stopped when all has been made, too.
  await page.click("#speak");
  await sounding(page);
  await page.waitForTimeout(1000);
  await page.click("#stop");
  await says(page, "Stopped.");
});

test("a hidden tab speaks to the end", REAL_TIME, async () => {
  await using browser = await launchWithHiding();
  await watchContexts(browser.context);
  const page = await browser.context.newPage();
  await page.goto(real.url);
  await page.locator("#speak:enabled").waitFor();
  // Longer than what may wait to be heard: it has to be made while the tab is hidden.
  await page.fill("#text", BEGINNING);
  await page.evaluate(() => {
    const seen: string[] = [];
    document.addEventListener("visibilitychange", () => seen.push(document.visibilityState));
    Object.assign(globalThis, { seen });
  });
  await page.click("#speak");
  await sounding(page);
  await using _ = await browser.context.newPage();
  const status = () => page.textContent("#status");
  await expect.poll(status, { timeout: 60_000, interval: 200 }).toBe("Done.");
  const seen = () => page.evaluate(() => (globalThis as unknown as { seen: string[] }).seen);
  expect(await seen()).toEqual(["hidden"]);
  const [, , spoken, gaps] = await page.locator(".figures dd").allTextContents();
  expect(Number.parseFloat(spoken ?? "")).toBeGreaterThan(14);
  expect(gaps).toBe("0");
  const [[state, time] = []] = await contexts(page);
  expect(state).toBe("running");
  expect(time).toBeGreaterThan(Number.parseFloat(spoken ?? ""));
  // Shown again, the page continues as before.
  await page.bringToFront();
  expect(await seen()).toEqual(["hidden", "visible"]);
  await page.click("#speak");
  await sounding(page);
  await page.click("#stop");
  await says(page, "Stopped.");
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
  // And again. If the focused button disappears, the focus moves to the one beside it.
  await page.keyboard.press("Control+Enter");
  await sounding(page);
  await page.focus("#stop");
  await page.keyboard.press("Enter");
  await page.locator("#stop:disabled").waitFor();
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("speak");

  await page.focus(".skip");
  const reached: string[] = [];
  for (let i = 0; i < 9; i += 1) {
    await page.keyboard.press("Tab");
    const focused = () => {
      const { id, tagName, textContent, name } = document.activeElement as HTMLInputElement;
      return id || name || `${tagName} ${textContent.trim()}`;
    };
    reached.push(await page.evaluate(focused));
  }
  expect(reached).toEqual([
    ...["sample", "text", "speak", "save-as", "speed", "voice", "model"],
    ...["SUMMARY Your own voice", "SUMMARY More"],
  ]);
});

test("speed is changed while it speaks, with keys, too, and kept for the next visit", async () => {
  await using visited = await visit();
  const { page, problems } = visited;
  const shown = () => page.textContent("#speed-shown");
  expect(await shown()).toBe("1.00×");
  await page.fill("#text", BEGINNING);
  await page.click("#speak");
  await sounding(page);
  // Seconds of what is spoken that are heard in one and a half by the clock on the wall.
  const pace = () =>
    page.evaluate(async () => {
      const clock = () => Number(document.getElementById("clock")?.textContent?.split(":")[1]);
      const [begin, began] = [clock(), performance.now()];
      await new Promise((resolve) => setTimeout(resolve, 1500));
      return ((clock() - begin) / (performance.now() - began)) * 1000;
    });
  await page.focus("#speed");
  await page.keyboard.press("Home");
  expect(await shown()).toBe("0.50×");
  await page.waitForTimeout(300);
  expect(Math.abs((await pace()) - 0.5)).toBeLessThan(0.15);
  await page.keyboard.press("End");
  expect(await shown()).toBe("2.00×");
  await page.keyboard.press("ArrowLeft");
  expect(await shown()).toBe("1.95×");
  expect(await page.getAttribute("#speed", "aria-valuetext")).toBe("1.95 times");
  await page.keyboard.press("Escape");
  await says(page, "Stopped.");

  await page.reload();
  await page.locator("#speak:enabled").waitFor();
  expect(await shown()).toBe("1.95×");
  expect(await page.inputValue("#speed")).toBe("1.95");
  // What cannot be is put right.
  for (const [kept, expected] of [
    ["9", "2.00×"],
    ["-1", "1.00×"],
    ["fast", "1.00×"],
  ] as const) {
    await page.evaluate((kept) => localStorage.setItem("pocket-onnx-speed", kept), kept);
    await page.reload();
    await page.locator("#speak:enabled").waitFor();
    expect(await shown()).toBe(expected);
  }
  expect(problems).toEqual([]);
});

test("voices are chosen, recorded, opened and saved", async () => {
  await using visited = await visit({ acceptDownloads: true });
  const { page, problems } = visited;
  const names = await page
    .locator("input[name=voice]")
    .evaluateAll((all) => all.map((it) => (it as HTMLInputElement).value));
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
  // Voices stay when the model is loaded anew.
  await page.click("summary:text('More')");
  await page.selectOption("#backend", "onnxruntime");
  for (const name of ["my voice", "my voice 2"]) {
    await page.check(`input[value='${name}']`);
    await page.click("#speak");
    await sounding(page);
    await page.click("#stop");
  }
  expect(problems).toEqual([]);

  // A recording is no voice file.
  const recording = { name: "memo.wav", mimeType: "audio/wav", buffer: Buffer.alloc(1000) };
  await page.setInputFiles("#voice-file", recording);
  await page.locator("#error").waitFor();
  expect(await page.textContent("#error-text")).toContain("use “Choose a recording”");

  // What is no recording is refused.
  const broken = { name: "grandmother.wav", mimeType: "audio/wav", buffer: Buffer.alloc(1000) };
  await page.setInputFiles("#recording", broken);
  await page.locator("#error-title:text('grandmother')").waitFor();
  expect(await page.textContent("#error-title")).toBe("No voice could be made from grandmother.");
  expect(await page.textContent("#error-text")).not.toBe("");
});

test("notices say why a recording may make a poor voice", async () => {
  await using visited = await visit();
  const { page } = visited;
  await page.click("#cloning summary");
  await page.check("#consent");
  // Three seconds, of which half a second is a soft tone.
  const samples = Int16Array.from({ length: 72_000 }, (_, i) => (i < 12_000 ? 40 * Math.sin(i / 8) : 0));
  const header = Buffer.from("RIFF....WAVEfmt ....................data....", "latin1");
  header.writeUInt32LE(36 + samples.byteLength, 4);
  header.writeUInt32LE(16, 16);
  header.set([1, 0, 1, 0], 20);
  header.writeUInt32LE(24_000, 24);
  header.writeUInt32LE(48_000, 28);
  header.set([2, 0, 16, 0], 32);
  header.writeUInt32LE(samples.byteLength, 40);
  const buffer = Buffer.concat([header, Buffer.from(samples.buffer)]);
  await page.setInputFiles("#recording", { name: "soft.wav", mimeType: "audio/wav", buffer });
  await page.locator("input[value=soft]:checked").waitFor();
  const advice = (await page.textContent("#advice")) ?? "";
  expect(advice).toContain("very quiet");
  expect(advice).toContain("a good voice needs 5 to 30 seconds");
});

test("the page shows that a model is synthetic, and whether it can clone", async () => {
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

/** The page on a host of files, which can misbehave, with the least that a list of models can say. */
async function host({ models = [{ name: "tiny_english" }], path = "/", isolated = true } = {}): Promise<Server> {
  const mounts = { [`${path}models/`]: join(work, "models"), [path]: join(work, "page") };
  await writeFile(join(work, "models/index.json"), JSON.stringify({ models }));
  const server = await serve(mounts, { isolated });
  return { ...server, url: new URL(path, server.url).href };
}

test.each<[Fault, string, string]>([
  ["missing", "flow_lm.onnx.data", "404"],
  ["page", "flow_lm.onnx.data", "page"],
  ["truncated", "flow_lm.onnx.data", "bytes"],
  ["other-bytes", "flow_lm.onnx.data", "SHA-256"],
  ["missing", "manifest.json", "404"],
  ["page", "manifest.json", ""],
])("a host's fault (%s, %s) is said on the page", async (fault, file, words) => {
  await using faulty = await host();
  await using visited = await visit({ serviceWorkers: "block" }, faulty.url);
  const { page } = visited;
  faulty.fail(file, fault);
  await page.click("#speak");
  await page.locator("#error").waitFor({ timeout: 60_000 });
  expect(await page.textContent("#error-title")).toBe("The text could not be spoken.");
  expect(await page.textContent("#error-text")).toContain(words);
  expect(await page.textContent("#error-text")).not.toContain("Http:");
  expect(await page.getAttribute("#error", "role")).toBe("alert");
  if (fault === "other-bytes") await page.screenshot({ path: join(SCREENSHOTS, "error.png") });
  // The host recovers, and trying again helps.
  faulty.reset();
  await page.click("#retry");
  expect(await page.isVisible("#error")).toBe(false);
  expect(await page.isVisible("#advice")).toBe(false);
  await sounding(page);
  await page.click("#stop");
});

test("a full disk is reported, and the page speaks all the same", async () => {
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

test("what the list of models does not say, the model does", async () => {
  await using plain = await host();
  await using visited = await visit({}, plain.url);
  const { page } = visited;
  expect(await page.textContent("#voices")).toBe("Shown once the model is loaded.");
  expect(await page.isVisible("#synthetic")).toBe(false);
  await page.click("#speak");
  await sounding(page);
  expect(await page.locator("input[name=voice]").count()).toBe(2);
  expect(await page.isVisible("#synthetic")).toBe(true);
  await page.click("#stop");
});

test("a site without models offers the included one", async () => {
  await using empty = await host({ models: [] });
  await using visited = await visit({ serviceWorkers: "block" }, empty.url);
  const { page } = visited;
  const offered = () => page.locator("#model option").allTextContents();
  for (const fault of ["none", "missing"] as const) {
    if (fault === "missing") {
      empty.fail("models/index.json", fault);
      await page.reload();
      await page.locator("#speak:enabled").waitFor();
    }
    expect(await offered()).toEqual(["starling"]);
    expect(await page.isVisible("#small")).toBe(true);
    expect(await page.isVisible("#error")).toBe(false);
  }
  // A file that is not a list is reported, and the page speaks all the same.
  empty.reset();
  empty.fail("models/index.json", "other-bytes");
  await page.reload();
  await page.locator("#error").waitFor();
  expect(await page.textContent("#error-title")).toBe("The list of models could not be loaded.");
  expect(await offered()).toEqual(["starling"]);
  await page.click("#speak");
  await sounding(page);
  await page.click("#stop");
});

// If the host sends no headers, the service worker adds them, with one reload.
test.each<[string, number, () => Promise<Served>]>([
  ["the command", 1, () => serveCommand(served())],
  ["the command without its headers", 2, () => serveCommand([...served(), "--no-isolation"])],
  ["a host of files, below a path", 2, () => host({ path: "/repository/", isolated: false })],
])("%s: the page is isolated after %d loads, and the second visit needs no network", async (_name, first, start) => {
  await using plain = await start();
  await using browser = await launch();
  const page = await browser.context.newPage();
  let loads = 0;
  page.on("load", () => (loads += 1));
  await page.goto(plain.url);
  await page.waitForFunction(() => crossOriginIsolated, undefined, { timeout: 60_000 });
  await page.locator("#speak:enabled").waitFor();
  await page.waitForFunction(() => document.getElementById("offline")?.textContent === "ready");
  expect(await page.textContent("#isolated")).toBe("yes");
  await page.click("#speak");
  await sounding(page);
  expect(await page.textContent("#threads")).toMatch(availableParallelism() > 1 ? /^2 of/ : /^1 of/);
  await page.click("#stop");
  expect(loads).toBe(first);
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
  expect(loads).toBe(first + 1);
});

test("a user who has begun to write is not interrupted for isolation", async () => {
  await using plain = await host({ isolated: false });
  const start = plain.hold("sw.js");
  await using visited = await visit({}, plain.url);
  const { page } = visited;
  await page.fill("#text", "My own words.");
  start();
  await page.waitForFunction(() => document.getElementById("offline")?.textContent === "ready");
  await page.waitForTimeout(500);
  expect(await page.inputValue("#text")).toBe("My own words.");
  expect(await page.textContent("#isolated")).toBe("no, one thread");
  await page.reload();
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
});

/** Arguments of `serve`. */
function served(): string[] {
  return ["--bundle", join(work, "models"), "--page", join(work, "page")];
}

test("without service workers and headers it speaks with one thread", async () => {
  await using plain = await serveCommand([...served(), "--no-isolation"]);
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
    const isPhone = width < 500;
    const viewport = { width, height: isPhone ? 780 : 900 };
    const device = isPhone ? { isMobile: true, hasTouch: true } : {};
    await using visited = await visit({ viewport, colorScheme, deviceScaleFactor: 2, ...device });
    const { page } = visited;
    const shoot = async (name: string) => {
      const path = join(SCREENSHOTS, `${name}-${width}-${colorScheme}.png`);
      if (!isPhone) return page.screenshot({ path, fullPage: true });
      // For a picture of the full page a telephone would become a desk's browser.
      const height = await page.evaluate(() => document.documentElement.scrollHeight);
      await page.setViewportSize({ width, height });
      await page.evaluate(() => scrollTo(0, 0));
      await page.screenshot({ path });
      await page.setViewportSize(viewport);
    };
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
    expect(await page.evaluate(markIsSeen)).toBe(true);
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

test("a long text is laid out once, and its sentences are marked all the same", async () => {
  await using visited = await visit();
  const { page, problems } = visited;
  await page.evaluate((text) => {
    const area = document.getElementById("text") as HTMLTextAreaElement;
    area.value = text;
    area.dispatchEvent(new Event("input"));
  }, `${BEGINNING} `.repeat(8_000));
  await page.click("#speak");
  const marked = () => [...(CSS.highlights.get("sounding") ?? [])].map(String).join();
  await page.waitForFunction(() => (CSS.highlights.get("sounding")?.size ?? 0) > 0, undefined, { timeout: 60_000 });
  const first = await page.evaluate(marked);
  expect(BEGINNING.startsWith(first)).toBe(true);
  const laidOut = await page.evaluateHandle(() => document.getElementById("backdrop")?.firstChild);
  await page.waitForFunction(
    (first) => {
      const now = [...(CSS.highlights.get("sounding") ?? [])].map(String).join();
      return now !== "" && now !== first;
    },
    first,
    { timeout: 60_000 },
  );
  expect(await laidOut.evaluate((node) => node === document.getElementById("backdrop")?.firstChild)).toBe(true);
  expect(await page.textContent("#count")).toBe(`${BEGINNING.split(" ").length * 8_000} words. `);
  await page.click("#stop");
  await says(page, "Stopped.");
  expect(await page.evaluate(marked)).toBe("");
  expect(problems).toEqual([]);
});

/** Whether the sentence that sounds stands where the reader sees it. */
function markIsSeen(): boolean {
  const field = document.getElementById("text")?.getBoundingClientRect();
  const mark = document.querySelector("#backdrop mark")?.getBoundingClientRect();
  return field !== undefined && mark !== undefined && mark.top >= field.top && mark.top < field.bottom;
}

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
    const luminance = ([r = 0, g = 0, b = 0]: number[]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
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
