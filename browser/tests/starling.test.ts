/** The included model: it speaks without an address, and on the page's first visit. */

import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PACKAGE } from "./support/bundles.js";
import { launch } from "./support/chromium.js";
import { serveCommand } from "./support/command.js";
import { buildDemo } from "./support/demo.js";
import { openPage, servePackage } from "./support/page.js";
import { serve } from "./support/server.js";
import { keep, measure, recordPlaying, takePlayed } from "./support/sound.js";

const BUNDLE = join(PACKAGE, "starling/bundle");
const MODEL = join(PACKAGE, "../models/starling");

interface Sentence {
  text: string;
  /** Seconds that the model which taught it takes. */
  seconds: number;
}

let work: string;
let sentences: Sentence[];

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), "pocket-onnx-starling-"));
  await buildDemo(join(work, "page"));
  const heldOut: Sentence[] = JSON.parse(await readFile(join(MODEL, "sentences.json"), "utf8"));
  const chosen = (await readFile(join(PACKAGE, "../.ci/sentences.txt"), "utf8")).trim().split("\n");
  sentences = heldOut.filter(({ text }) => chosen.includes(text));
  expect(sentences).toHaveLength(chosen.length);
});

afterAll(() => rm(work, { recursive: true, force: true }));

test("the package includes a bundle of 7 MB at most, and the encoder apart", async () => {
  const names = await readdir(BUNDLE);
  let [speaking, encoder] = [0, 0];
  for (const name of names) {
    const { size } = await stat(join(BUNDLE, name));
    if (name.startsWith("mimi_encoder")) encoder += size;
    else speaking += size;
  }
  expect(speaking).toBeLessThanOrEqual(7_000_000);
  expect(encoder).toBeGreaterThan(0);
  const listed = await readFile(join(PACKAGE, "starling/files.js"), "utf8");
  for (const name of names) expect(listed).toContain(`new URL("./bundle/${name}?no-inline", import.meta.url)`);
});

test("without an address the package speaks, and fetches the encoder when a voice is cloned", async () => {
  await using browser = await launch();
  await using server = await servePackage(true);
  const page = await openPage(browser.context, server);
  const spoken = await page.evaluate(async (text) => {
    const phases = new Set<string>();
    const tts = await pocket.PocketTTS.fromPretrained({ onProgress: ({ phase }) => phases.add(phase) });
    const { audio, sampleRate } = await tts.generate(text, { seed: 1 });
    const { variant, synthetic, canClone } = tts;
    const before = [...phases];
    const voice = await tts.cloneVoice({ samples: audio, sampleRate });
    const again = await tts.generate(text, { seed: 1, voice });
    const about = { variant, synthetic, canClone, voices: tts.listVoices(), before, after: [...phases] };
    await tts.dispose();
    // Options may stand in second place, too, and the second time nothing is fetched.
    const second = await pocket.PocketTTS.fromPretrained(undefined, { threads: 1 });
    const { cacheHit } = second.statistics;
    await second.dispose();
    return { about, cacheHit, audio: Array.from(audio), sampleRate, again: again.audio.length };
  }, sentences[0]?.text ?? "");
  expect(spoken.about).toEqual({
    variant: "starling",
    synthetic: false,
    canClone: true,
    voices: ["robin", "heron"],
    before: ["model", "voice"],
    after: ["model", "voice", "encoder"],
  });
  expect(spoken.cacheHit).toBe(true);
  expect(spoken.again).toBeGreaterThan(0);
  expectSpeech({ samples: Float32Array.from(spoken.audio), rate: spoken.sampleRate }, sentences[0]);
});

test("what is played on a page without any other model are the words that were typed", async () => {
  // A host of files that has no list of models.
  await using site = await serve({ "/": join(work, "page") }, { isolated: true });
  await using browser = await launch();
  await recordPlaying(browser.context);
  const page = await browser.context.newPage();
  await page.goto(site.url);
  await page.locator("#speak:enabled").waitFor();
  expect(await page.textContent("#small")).toContain("made for demonstration");
  expect(await page.isVisible("#small")).toBe(true);
  expect(await page.isVisible("#synthetic")).toBe(false);
  expect(await page.isVisible("#credit")).toBe(false);
  expect(await page.isVisible("#error")).toBe(false);
  await page.click("summary:text('More')");
  await page.fill("#seed", "1");
  for (const [number, sentence] of sentences.entries()) {
    await page.fill("#text", sentence.text);
    await page.locator("input[value=heron]").waitFor();
    await page.check(`input[value=${number % 2 === 0 ? "robin" : "heron"}]`);
    await takePlayed(page);
    await page.click("#speak");
    const done = () => document.getElementById("status")?.textContent === "Done.";
    await page.waitForFunction(done, undefined, { timeout: 30_000 });
    const sound = await takePlayed(page);
    expectSpeech(sound, sentence);
    await keep(`page-${String(number).padStart(2, "0")}`, sentence.text, sound);
  }
  // The encoder was not needed.
  expect(site.asked.filter((path) => path.includes("mimi_encoder"))).toEqual([]);
  expect(site.asked.some((path) => path.startsWith("/starling/mimi_decoder"))).toBe(true);
}, 180_000);

test("the first visit speaks by itself if the browser allows it, and the next one without a network", async () => {
  // In a folder without bundles the command serves the included model.
  await using site = await serveCommand(["--page", join(work, "page")]);
  await using browser = await launch();
  const page = await browser.context.newPage();
  await page.goto(`${site.url}#speak`);
  // No click is needed if the browser allows sound.
  const sounds = () => document.getElementById("clock")?.textContent !== "0:00.0";
  await page.waitForFunction(sounds, undefined, { timeout: 30_000 });
  await page.click("#stop");
  expect(await page.locator("#model option").allTextContents()).toEqual(["starling"]);
  expect(await page.isVisible("#small")).toBe(true);
  await page.waitForFunction(() => document.getElementById("offline")?.textContent === "ready");

  await site[Symbol.asyncDispose]();
  await browser.context.setOffline(true);
  await page.goto(`${site.url}?again`);
  await page.locator("#speak:enabled").click();
  await page.waitForFunction(sounds, undefined, { timeout: 30_000 });
});

/** Neither silence nor noise, and as long as the model that taught it takes, more or less. */
function expectSpeech(sound: { samples: Float32Array; rate: number }, sentence: Sentence | undefined): void {
  const { seconds, level, crossings } = measure(sound);
  expect(level).toBeGreaterThan(0.02);
  expect(level).toBeLessThan(0.4);
  expect(crossings).toBeGreaterThan(300);
  expect(crossings).toBeLessThan(7000);
  expect(seconds / (sentence?.seconds ?? 0)).toBeGreaterThan(0.6);
  expect(seconds / (sentence?.seconds ?? 0)).toBeLessThan(1.7);
}
