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

/** An audio worklet that posts all samples it receives. */
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
  return serve({ "/dist/": join(PACKAGE, "dist"), "/wasm/": join(PACKAGE, "wasm") }, { pages: { "/": PAGE } });
}

async function open(from = host, where = browser): Promise<Page> {
  const page = await where.context.newPage();
  await page.goto(from.url);
  await page.waitForFunction("window.ready");
  return page;
}

/** Index of the first audible sample. */
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

test("if sound is made too slowly, it stops and continues without a click", REAL_TIME, async () => {
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
    return { underruns: player.underruns, sounded, speed: player.generationSpeed, states };
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

test("pause stops the sound, resume continues it", REAL_TIME, async () => {
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

test("a context that the browser suspended while the tab was hidden continues when it is shown", async () => {
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

/** Of recorded samples: how long they sound, how often a second they rise through 0, the largest step. */
function judge(recorded: number[], rate: number) {
  const begin = onset(recorded);
  const end = recorded.findLastIndex((it) => Math.abs(it) > 1e-4);
  const sound = recorded.slice(begin, end);
  let [rises, steepest] = [0, 0];
  for (let i = 1; i < sound.length; i += 1) {
    const [before, now] = [sound[i - 1] ?? 0, sound[i] ?? 0];
    if (before < 0 && now >= 0) rises += 1;
    steepest = Math.max(steepest, Math.abs(now - before));
  }
  return { seconds: sound.length / rate, hertz: (rises / sound.length) * rate, steepest };
}

/** A tone of 0.5 and 440 Hz climbs by so much from sample to sample at 48 kHz; fades add to that. */
const STEEPEST = 0.033;

test.each([0.5, 0.5001, 0.8, 1.5, 1.999, 2])(
  "at %d times the speed a tone keeps its pitch",
  async (speed) => {
    await using page = await open();
    const heard = await page.evaluate(async (speed) => {
      const { player, recorded, events, states } = await start(48_000);
      player.speed = speed;
      for (let frame = 0; frame < 20; frame += 1) {
        await player.write(tone(frame * 0.08, 0.08), 24_000, { text: frame < 10 ? "one" : "two" });
      }
      await player.end();
      await sleep(100);
      return { recorded, events, states, underruns: player.underruns, speed: player.speed };
    }, speed);
    expect(heard.speed).toBe(speed);
    expect(heard.underruns).toBe(0);
    expect(heard.states).toEqual(["buffering", "playing", "idle"]);
    const { seconds, hertz, steepest } = judge(heard.recorded, 48_000);
    expect(Math.abs(seconds - 1.6 / speed)).toBeLessThan(0.04 / speed + 0.01);
    expect(Math.abs(hertz / 440 - 1)).toBeLessThan(0.01);
    expect(steepest).toBeLessThan(STEEPEST);
    // Positions are those of what was written.
    const positions = heard.events.map(([it]) => it);
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
    expect(Math.abs((positions.at(-1) ?? 0) - 1.6)).toBeLessThan(0.1 * Math.max(1, speed));
    const turn = heard.events.findIndex(([, text]) => text === "two");
    expect(Math.abs((positions[turn] ?? 0) - 0.8)).toBeLessThan(0.05 * Math.max(1, speed));
  },
  30_000,
);

test("a change of speed takes effect at once, also for buffered sound", async () => {
  await using page = await open();
  const heard = await page.evaluate(async () => {
    const { player, recorded, events } = await start(48_000);
    await player.write(tone(0, 6), 24_000);
    const over = player.end();
    const at = (seconds: number) =>
      new Promise<void>((resolve) => {
        const watch = setInterval(() => {
          if ((events.at(-1)?.[0] ?? 0) < seconds) return;
          clearInterval(watch);
          resolve();
        }, 5);
      });
    await at(1);
    const turned = recorded.length;
    player.speed = 2;
    await at(4);
    const [slowed, second] = [recorded.length, events.at(-1)?.[0] ?? 0];
    player.speed = 0.5;
    await over;
    await sleep(100);
    return { recorded, turned, slowed, second, underruns: player.underruns };
  });
  expect(heard.underruns).toBe(0);
  const { seconds, hertz, steepest } = judge(heard.recorded, 48_000);
  expect(Math.abs(hertz / 440 - 1)).toBeLessThan(0.01);
  expect(steepest).toBeLessThan(STEEPEST);
  const begin = onset(heard.recorded) / 48_000;
  const [turned, slowed] = [heard.turned / 48_000 - begin, heard.slowed / 48_000 - begin];
  // From 1 s on to 4 s at twice the speed, within 200 ms for each change to be heard.
  expect(Math.abs(slowed - turned - 1.5)).toBeLessThan(0.2);
  expect(Math.abs(seconds - slowed - 2 * (6 - heard.second))).toBeLessThan(0.4);
}, 30_000);

test("a speed that changes fifty times in a second causes neither clicks nor gaps", async () => {
  await using page = await open();
  const heard = await page.evaluate(async () => {
    const { player, recorded, states } = await start(48_000);
    await player.write(tone(0, 3), 24_000);
    const over = player.end();
    let done = false;
    void over.then(() => (done = true));
    const speeds = [0.5, 2, 1, 1.999, 0.5001, 1.3];
    for (let i = 0; !done; i += 1) {
      player.speed = speeds[i % speeds.length] ?? 1;
      await sleep(20);
    }
    await sleep(100);
    return { recorded, states, underruns: player.underruns };
  });
  expect(heard.underruns).toBe(0);
  expect(heard.states).toEqual(["buffering", "playing", "idle"]);
  const { hertz, steepest } = judge(heard.recorded, 48_000);
  expect(Math.abs(hertz / 440 - 1)).toBeLessThan(0.01);
  expect(steepest).toBeLessThan(STEEPEST);
}, 30_000);

test("stopped, paused and very short sound at another speed", async () => {
  await using page = await open();
  const heard = await page.evaluate(async () => {
    const { player, recorded, events } = await start(48_000);
    player.speed = 1.5;
    const waiting = player.write(tone(0, 30), 24_000);
    await sleep(500);
    player.stop();
    await waiting;
    await sleep(100);
    const silent = recorded.slice(-1000).every((it) => it === 0);
    const kept = player.speed;
    // Sounds too short to be stretched, an empty one, and one sample.
    for (const seconds of [0.01, 0, 1 / 24_000, 0.02]) {
      await player.write(tone(0, seconds), 24_000);
      await player.end();
    }
    // The recording of the last one may arrive after its end.
    await sleep(100);
    recorded.length = 0;
    events.length = 0;
    await player.write(tone(0, 1.5), 24_000);
    const over = player.end();
    await sleep(300);
    player.pause();
    player.speed = 0.75;
    await sleep(200);
    const held = recorded.length;
    await sleep(200);
    const still = recorded.slice(held).every((it) => it === 0);
    player.resume();
    await over;
    await sleep(100);
    return { silent, kept, still, recorded, last: events.at(-1)?.[0], state: player.state };
  });
  expect(heard.silent).toBe(true);
  expect(heard.kept).toBe(1.5);
  expect(heard.still).toBe(true);
  expect(heard.state).toBe("idle");
  expect(Math.abs((heard.last ?? 0) - 1.5)).toBeLessThan(0.1);
  expect(judge(heard.recorded, 48_000).steepest).toBeLessThan(STEEPEST);
}, 30_000);

test("at a slow speed a gap is faded, and a slow generation lasts", async () => {
  await using page = await open();
  const heard = await page.evaluate(async () => {
    const { player, recorded } = await start(48_000);
    player.speed = 0.5;
    for (let at = 0; at < 0.79; at += 0.08) await player.write(tone(at, 0.08), 24_000);
    await sleep(2500);
    player.speed = 2;
    for (let at = 0.8; at < 1.59; at += 0.08) await player.write(tone(at, 0.08), 24_000);
    await player.end();
    await sleep(100);
    const gaps = player.underruns;
    player.stop();
    // 0.08 s of sound take 0.07 s: too slow for twice the speed, and heard after a while.
    const began = performance.now();
    for (let at = 0; at < 3.19; at += 0.08) {
      await player.write(tone(at, 0.08), 24_000);
      const due = began + 70 * Math.round(at / 0.08 + 1);
      await sleep(Math.max(0, due - performance.now()));
    }
    const second = recorded.length;
    await player.end();
    return { recorded: recorded.slice(0, second), gaps, underruns: player.underruns - gaps };
  });
  expect(heard.gaps).toBe(1);
  expect(heard.underruns).toBe(0);
  expect(judge(heard.recorded, 48_000).steepest).toBeLessThan(STEEPEST);
}, 30_000);

test("speeds that cannot be are refused, and change nothing", async () => {
  await using page = await open();
  const refused = await page.evaluate(async () => {
    const { player } = await start();
    const refused: string[] = [];
    for (const speed of [0.49, 2.01, 0, -1, Number.NaN, Infinity, "1.5", null, undefined] as number[]) {
      try {
        player.speed = speed;
        refused.push("works");
      } catch (error) {
        refused.push((error as Error).message);
      }
    }
    return [...refused, String(player.speed)];
  });
  const words = "the speed must be a number from 0.5 to 2, not ";
  const shown = ["0.49", "2.01", "0", "-1", "NaN", "Infinity", '"1.5"', "null", "undefined"];
  expect(refused).toEqual([...shown.map((it) => words + it), "1"]);
});
