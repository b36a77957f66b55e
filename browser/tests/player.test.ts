/** The player in a real browser: what comes out of it, sample by sample. */

import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Player as PlayerClass } from "../src/player/index.js";
import { PACKAGE } from "./support/bundles.js";
import { launch, launchWithHiding, type Browser } from "./support/chromium.js";
import { REAL_TIME } from "./support/real-time.js";
import { serve, type Server } from "./support/server.js";

/** Hands on all that it hears. */
const RECORDER = `registerProcessor("recorder", class extends AudioWorkletProcessor {
  process([input]) {
    const samples = input[0] ?? new Float32Array(128);
    this.port.postMessage(samples.slice());
    return true;
  }
});`;

/** A page of its own for every context, with a recorder beside the loudspeaker. */
const PAGE = `<!doctype html><title>player</title><script type="module">
  import { Player } from "./dist/player/index.js";
  const recorder = new Blob([${JSON.stringify(RECORDER)}], { type: "text/javascript" });
  window.start = async (sampleRate) => {
    const context = new AudioContext({ sampleRate });
    await context.audioWorklet.addModule(URL.createObjectURL(recorder));
    const player = new Player({ context });
    const node = new AudioWorkletNode(context, "recorder");
    const recorded = [];
    node.port.onmessage = ({ data }) => recorded.push(...data);
    player.output.connect(node).connect(context.destination);
    const events = [], states = [];
    player.onposition = (seconds, mark) => events.push([seconds, mark?.text]);
    player.onstate = (state) => states.push(state);
    return { context, player, recorded, events, states };
  };
  /** A tone of 24 kHz, from second \`at\` on. */
  window.tone = (at, seconds) => Float32Array.from({ length: Math.round(seconds * 24000) },
    (_, i) => 0.5 * Math.sin(2 * Math.PI * 440 * (at + i / 24000)));
  window.sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  window.ready = true;
</script>`;

declare global {
  function start(sampleRate?: number): Promise<{
    context: AudioContext;
    player: PlayerClass;
    recorded: number[];
    events: [number, string | undefined][];
    states: string[];
  }>;
  function tone(at: number, seconds: number): Float32Array;
  function sleep(ms: number): Promise<void>;
  /** States of a context: before the browser is asked for it again, and at the end. */
  var before: AudioContextState;
  var ended: Promise<AudioContextState>;
}

let host: Server;
let browser: Browser;

beforeAll(async () => {
  host = await servePlayer();
  browser = await launch();
});

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await host?.[Symbol.asyncDispose]();
});

function servePlayer(): Promise<Server> {
  return serve({ "/dist/": join(PACKAGE, "dist") }, { pages: { "/": PAGE } });
}

async function open(from = host, where = browser): Promise<Page> {
  const page = await where.context.newPage();
  await page.goto(from.url);
  await page.waitForFunction("window.ready");
  return page;
}

/** Where the first sample is that can be heard. */
const onset = (samples: number[]) => samples.findIndex((it) => Math.abs(it) > 1e-4);

test.each([24_000, 44_100, 48_000])("a tone comes out as it went in, at %d Hz", REAL_TIME, async (rate) => {
  await using page = await open();
  const heard = await page.evaluate(async (rate) => {
    const { context, player, recorded, events, states } = await start(rate);
    for (let frame = 0; frame < 20; frame += 1) {
      await player.write(tone(frame * 0.08, 0.08), 24_000, { text: frame < 10 ? "one" : "two" });
    }
    await player.end();
    await sleep(100);
    return { recorded, events, states, underruns: player.underruns, time: context.currentTime };
  }, rate);
  expect(heard.underruns).toBe(0);
  expect(heard.states).toEqual(["buffering", "playing", "idle"]);
  expect(heard.time).toBeGreaterThan(1.5);

  const begin = onset(heard.recorded);
  const length = heard.recorded.findLastIndex((it) => Math.abs(it) > 1e-4) - begin;
  expect(Math.abs(length / rate - 1.6)).toBeLessThan(0.01);
  // Away from the ends, which are faded, it is the same tone, wherever it begins exactly.
  const middle = heard.recorded.slice(begin + 0.1 * rate, begin + 1.5 * rate);
  let [sine, cosine] = [0, 0];
  const angle = (2 * Math.PI * 440) / rate;
  middle.forEach((it, i) => {
    sine += (2 * it * Math.sin(angle * i)) / middle.length;
    cosine += (2 * it * Math.cos(angle * i)) / middle.length;
  });
  expect(Math.abs(Math.hypot(sine, cosine) - 0.5)).toBeLessThan(1e-3);
  const off = middle.map((it, i) => Math.abs(it - sine * Math.sin(angle * i) - cosine * Math.cos(angle * i)));
  expect(Math.max(...off)).toBeLessThan(1e-3);

  const texts = heard.events.map(([, text]) => text);
  const turn = texts.indexOf("two");
  expect(texts.slice(0, turn).every((it) => it === "one")).toBe(true);
  expect(texts.slice(turn).every((it) => it === "two")).toBe(true);
  const seconds = heard.events.map(([it]) => it);
  expect(seconds).toEqual(seconds.toSorted((a, b) => a - b));
  expect(Math.abs((seconds[turn] ?? 0) - 0.8)).toBeLessThan(0.05);
});

test("where sound is made too slowly it stops and goes on, without a click", REAL_TIME, async () => {
  await using page = await open();
  const heard = await page.evaluate(async () => {
    const { player, recorded, states } = await start(48_000);
    // Fast at first, then nothing for a while.
    for (let at = 0; at < 0.79; at += 0.08) await player.write(tone(at, 0.08), 24_000);
    await sleep(1500);
    for (let at = 0.8; at < 1.59; at += 0.08) await player.write(tone(at, 0.08), 24_000);
    await player.end();
    return { recorded, states, underruns: player.underruns };
  });
  expect(heard.underruns).toBe(1);
  expect(heard.states).toEqual(["buffering", "playing", "buffering", "playing", "idle"]);
  // A tone of 0.5 climbs by 0.0288 a sample, and a fade of 4 ms adds 1/192 of 0.5 to that.
  const begin = onset(heard.recorded);
  let steepest = 0;
  for (let i = begin; i < heard.recorded.length - 1; i += 1) {
    steepest = Math.max(steepest, Math.abs((heard.recorded[i + 1] ?? 0) - (heard.recorded[i] ?? 0)));
  }
  expect(steepest).toBeLessThan(0.033);
  // Nothing is lost.
  const audible = heard.recorded.filter((it) => Math.abs(it) > 1e-3).length;
  expect(Math.abs(audible / 48_000 - 1.6)).toBeLessThan(0.03);
});

test("a slow generation is given a head start, and then plays through", REAL_TIME, async () => {
  await using page = await open();
  const heard = await page.evaluate(async () => {
    const { player, states } = await start();
    const began = performance.now();
    let sounded = 0;
    player.onposition = () => (sounded ||= performance.now() - began);
    // 0.08 s of sound take 0.1 s.
    for (let at = 0; at < 3.99; at += 0.08) {
      await player.write(tone(at, 0.08), 24_000);
      const due = began + 100 * Math.round(at / 0.08 + 1);
      await sleep(Math.max(0, due - performance.now()));
    }
    await player.end();
    return { underruns: player.underruns, sounded, speed: player.speed, states };
  });
  expect(heard.underruns).toBe(0);
  expect(heard.speed).toBeLessThan(1);
  expect(heard.sounded).toBeGreaterThan(1000);
  expect(heard.states).toEqual(["buffering", "playing", "idle"]);
});

test("writers far ahead wait; stop lets them go", async () => {
  await using page = await open();
  const times = await page.evaluate(async () => {
    const { player, events, recorded } = await start();
    const began = performance.now();
    const since = () => performance.now() - began;
    await player.write(tone(0, 11), 24_000);
    const first = player.buffered;
    await player.write(tone(11, 2), 24_000);
    const full = since();
    const waiting = player.write(tone(13, 60), 24_000);
    await sleep(200);
    const before = player.buffered;
    player.stop();
    const stopped = since();
    await waiting;
    const freed = since() - stopped;
    await sleep(100);
    const silent = recorded.slice(-1000).every((it) => it === 0);
    // And it can be used again.
    events.length = 0;
    await player.write(tone(0, 0.5), 24_000);
    const done = new Promise<void>((resolve) => (player.onended = resolve));
    await player.end();
    await done;
    return { first, full, freed, silent, before, after: events.at(-1)?.[0] };
  });
  expect(times.first).toBeGreaterThan(9);
  expect(times.full).toBeGreaterThan(900);
  expect(times.before).toBeGreaterThan(10);
  expect(times.freed).toBeLessThan(50);
  expect(times.silent).toBe(true);
  expect(times.after).toBeGreaterThan(0.3);
  expect(times.after).toBeLessThan(0.6);
}, 30_000);

test("pause holds the sound, resume goes on", REAL_TIME, async () => {
  await using page = await open();
  const heard = await page.evaluate(async () => {
    const { player, events, states } = await start();
    await player.write(tone(0, 1), 24_000);
    const ended = player.end();
    await sleep(400);
    player.pause();
    await sleep(100);
    const held = events.at(-1)?.[0] ?? 0;
    await sleep(400);
    const still = events.at(-1)?.[0] ?? 0;
    player.resume();
    await ended;
    return { held, still, last: events.at(-1)?.[0] ?? 0, states, underruns: player.underruns };
  });
  expect(heard.still).toBe(heard.held);
  expect(heard.last).toBeGreaterThan(0.9);
  expect(heard.states).toEqual(["buffering", "playing", "paused", "buffering", "playing", "idle"]);
  expect(heard.underruns).toBe(0);
});

test("a hidden tab plays on", REAL_TIME, async () => {
  await using tabs = await launchWithHiding();
  await using page = await open(host, tabs);
  const playing = page.evaluate(async () => {
    const { context, player } = await start();
    const heard: Record<DocumentVisibilityState, number> = { visible: 0, hidden: 0 };
    player.onposition = (seconds) => (heard[document.visibilityState] = seconds);
    for (let at = 0; at < 3.99; at += 0.08) await player.write(tone(at, 0.08), 24_000);
    await player.end();
    return { heard, underruns: player.underruns, state: context.state, now: document.visibilityState };
  });
  await wait(1000);
  await using _ = await tabs.context.newPage();
  const { heard, underruns, state, now } = await playing;
  expect(heard.visible).toBeGreaterThan(0);
  expect(heard.visible).toBeLessThan(3);
  expect(heard.hidden).toBeGreaterThan(3.8);
  expect([underruns, state, now]).toEqual([0, "running", "hidden"]);
});

test("a context that the browser held while the tab was hidden goes on when it is shown", async () => {
  await using tabs = await launchWithHiding();
  await using page = await open(host, tabs);
  const states = page.evaluate(async () => {
    const { context, player } = await start();
    const states: string[] = [];
    const hidden = new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
    await player.write(tone(0, 10), 24_000);
    const ended = player.end();
    await hidden;
    // As telephones do.
    await context.suspend();
    states.push(`${document.visibilityState}, ${context.state}`);
    globalThis.before = context.state;
    await ended;
    states.push(`${document.visibilityState}, ${context.state}`);
    return states;
  });
  await wait(500);
  await using _ = await tabs.context.newPage();
  await expect.poll(() => page.evaluate(() => globalThis.before), { timeout: 10_000 }).toBe("suspended");
  await wait(500);
  await page.bringToFront();
  expect(await states).toEqual(["hidden, suspended", "visible, running"]);
}, 30_000);

test("sound that a browser does not allow begins with the next click", async () => {
  await using strict = await launch({ args: ["--autoplay-policy=document-user-activation-required"] });
  // What a test evaluates in a page counts as a gesture: so the page does it by itself.
  await strict.context.addInitScript(async () => {
    await new Promise((resolve) => addEventListener("load", resolve));
    const { context, player } = await start();
    addEventListener("click", () => (globalThis.before = context.state), true);
    await player.write(tone(0, 1), 24_000);
    globalThis.ended = player.end().then(() => context.state);
  });
  await using page = await strict.context.newPage();
  await page.goto(host.url);
  await wait(500);
  await page.mouse.click(10, 10);
  expect(await page.evaluate(() => globalThis.ended)).toBe("running");
  expect(await page.evaluate(() => globalThis.before)).toBe("suspended");
}, 30_000);

test("a worklet that cannot be had fails the write", async () => {
  await using broken = await servePlayer();
  broken.fail("worklet.js", "page");
  await using page = await open(broken);
  const failure = page.evaluate(async () => {
    const { player } = await start();
    await player.write(tone(0, 0.1), 24_000);
  });
  await expect(failure).rejects.toThrow(/module|worklet|load/i);
}, 30_000);
