/** Speaking aloud: what `speak` promises, with a real AudioContext. */

import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Player, PocketTTS, SpeakOptions, Statistics } from "../src/index.js";
import { type Browser, launch } from "./support/chromium.js";
import { watchContexts } from "./support/contexts.js";
import { openPage, servePackage } from "./support/page.js";
import { REAL_TIME } from "./support/real-time.js";
import type { Server } from "./support/server.js";

declare global {
  /** The model in the default formats of a conversion. */
  function model(): Promise<PocketTTS>;
  /** Options that say 27 frames, whatever the text. */
  var brief: SpeakOptions;
  /** A player, and all that comes out of it. */
  function listen(): Promise<{ player: Player; recorded: number[] }>;
}

let browser: Browser;
let server: Server;

beforeAll(async () => {
  browser = await launch();
  server = await servePackage(true);
  await watchContexts(browser.context);
  await browser.context.addInitScript(() => {
    globalThis.model = async () => {
      const tts = await globalThis.pocket.PocketTTS.fromPretrained("/models/english_2m_default");
      await tts.prepare();
      return tts;
    };
    globalThis.brief = { seed: 1, eosThreshold: -1e9, framesAfterEos: 25 };
    globalThis.listen = async () => {
      const recorder = `registerProcessor("recorder", class extends AudioWorkletProcessor {
        process([[samples]]) {
          if (samples !== undefined) this.port.postMessage(samples.slice());
          return true;
        }
      });`;
      // The model's rate: nothing has to be resampled.
      const context = new AudioContext({ sampleRate: 24_000 });
      const script = new Blob([recorder], { type: "text/javascript" });
      await context.audioWorklet.addModule(URL.createObjectURL(script));
      const node = new AudioWorkletNode(context, "recorder");
      const recorded: number[] = [];
      node.port.onmessage = ({ data }) => recorded.push(...data);
      const player = new globalThis.pocket.Player({ context });
      player.output.connect(node).connect(context.destination);
      return { player, recorded };
    };
  });
});

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

function page(): Promise<Page> {
  return openPage(browser.context, server);
}

test("speak resolves when all has been heard, and releases the sound device", async () => {
  await using it = await page();
  const spoken = await it.evaluate(async () => {
    const tts = await model();
    const began = performance.now();
    const { seconds, realTimeFactor } = await tts.speak("Hello there.", brief);
    const took = (performance.now() - began) / 1000;
    await tts.dispose();
    return {
      seconds,
      realTimeFactor,
      took,
      contexts: contexts.map(({ state, currentTime }) => ({ state, currentTime })),
    };
  });
  expect(spoken.seconds).toBeGreaterThan(2);
  expect(spoken.realTimeFactor).toBeGreaterThan(0);
  expect(spoken.took).toBeGreaterThan(spoken.seconds);
  expect(spoken.contexts).toHaveLength(1);
  expect(spoken.contexts[0]?.state).toBe("closed");
  expect(spoken.contexts[0]?.currentTime).toBeGreaterThan(spoken.seconds);
});

test("a player of the page's own plays the speech without gaps, and stays open", REAL_TIME, async () => {
  await using it = await page();
  const heard = await it.evaluate(async () => {
    const tts = await model();
    const { audio } = await tts.generate("Hello there.", brief);
    const { player, recorded } = await listen();
    const states: string[] = [];
    let [position, ends] = [0, 0];
    player.onstate = (state) => states.push(state);
    player.onposition = (seconds) => (position = seconds);
    player.onended = () => (ends += 1);
    const began = player.context.currentTime;
    const { seconds } = await tts.speak("Hello there.", { ...brief, player });
    const passed = player.context.currentTime - began;
    await new Promise((resolve) => setTimeout(resolve, 100));
    await tts.dispose();
    const { underruns, context } = player;
    const kept = { underruns, state: context.state, states, ends, position, passed, seconds };
    return { ...kept, audio: [...audio], recorded };
  });
  expect(heard).toMatchObject({ underruns: 0, state: "running", states: ["buffering", "playing", "idle"], ends: 1 });
  expect(heard.passed).toBeGreaterThan(heard.seconds);
  expect(heard.position).toBeGreaterThan(heard.seconds - 0.1);
  // All of it was heard, sample by sample; the beginning is faded in.
  const fade = 200;
  const largest = Math.max(...heard.audio.map(Math.abs));
  const onset = heard.recorded.findIndex((it) => it !== 0);
  const differences = (shift: number) =>
    heard.audio.slice(fade).map((it, i) => Math.abs(it - (heard.recorded[onset + shift + fade + i] ?? 0)));
  const worst = [-2, -1, 0, 1, 2].map((shift) => Math.max(...differences(shift)));
  expect(Math.min(...worst) / largest).toBeLessThan(1e-3);
});

test("an abort is silence at once, and the next text is spoken", async () => {
  await using it = await page();
  const result = await it.evaluate(async () => {
    const tts = await model();
    const { player, recorded } = await listen();
    const control = new AbortController();
    const said = tts.speak("A long text. ".repeat(20), { player, signal: control.signal }).then(
      () => "heard",
      (error) => [error, performance.now()] as const,
    );
    await new Promise<void>((resolve) => {
      player.onposition = (seconds) => seconds > 0.5 && resolve();
    });
    const aborted = performance.now();
    control.abort(new Error("enough"));
    const [error, at] = await said;
    const now = { state: player.state, buffered: player.buffered };
    await new Promise((resolve) => setTimeout(resolve, 150));
    const silent = recorded.slice(-1000).every((sample) => sample === 0);
    const next = await tts.speak("Again.", { ...brief, player });
    // By now all of it is made.
    const signal = AbortSignal.timeout(1500);
    const own = await tts.speak("And once more.", { ...brief, signal }).catch((it) => it.name);
    const state = contexts.at(-1)?.state;
    await tts.dispose();
    return { error: String(error), took: Number(at) - aborted, now, silent, next: next.seconds, own, state };
  });
  expect(result).toMatchObject({ error: "Error: enough", now: { state: "idle", buffered: 0 }, silent: true });
  expect(result.took).toBeLessThan(200);
  expect(result.next).toBeGreaterThan(2);
  // A player that `speak` made itself is closed.
  expect([result.own, result.state]).toEqual(["TimeoutError", "closed"]);
});

test("texts that are spoken aloud are heard one after the other", async () => {
  await using it = await page();
  const times = await it.evaluate(async () => {
    const tts = await model();
    const times: Record<string, number> = {};
    const hear = (name: string) => (it: Statistics) => {
      times[name] = performance.now() / 1000;
      times[`${name} lasts`] = it.seconds;
    };
    const control = new AbortController();
    const { player } = await listen();
    const texts = [
      tts.speak("Zero.", { ...brief, player }).then(hear("zero")),
      tts.speak("One.", { ...brief, player }).then(hear("one")),
      // Aborting a waiting request does not affect the others.
      tts.speak("Two.", { player, signal: control.signal }).catch((it) => (times[it.name] = performance.now() / 1000)),
      tts.speak("Three.", brief).then(hear("three")),
    ];
    await new Promise((resolve) => setTimeout(resolve, 500));
    control.abort();
    await Promise.all(texts);
    await tts.dispose();
    return times;
  });
  const { zero = 0, one = 0, three = 0, AbortError: aborted = Infinity } = times;
  expect(aborted).toBeLessThan(zero);
  // The page's clock and the sound device's are two.
  const drift = 0.05;
  expect(one - zero + drift).toBeGreaterThan(times["one lasts"] ?? Infinity);
  expect(three - one + drift).toBeGreaterThan(times["three lasts"] ?? Infinity);
});
