/** Speaking in a page: the samples of the native command, whatever runs them. */

import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { difference, nativeSpeech } from "./support/bundles.js";
import { type Browser, launch } from "./support/chromium.js";
import { openPage, servePackage } from "./support/page.js";
import type { Server } from "./support/server.js";

const BUNDLE = "english_2m";
const TEXT = "Hello there. [pause 100ms] This is a test.";
const SEED = 7;
/** Feedback amplifies rounding: so much of the beginning is compared sample by sample. */
const COMPARED = 10 * 1920;

let browser: Browser;
const servers: Record<string, Server> = {};

beforeAll(async () => {
  browser = await launch();
  servers["isolated"] = await servePackage(true);
  servers["plain"] = await servePackage(false);
});

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await Promise.all(Object.values(servers).map((server) => server[Symbol.asyncDispose]()));
});

async function page(kind: "isolated" | "plain"): Promise<Page> {
  const server = servers[kind];
  if (server === undefined) {
    throw new Error(`no ${kind} server`);
  }
  return openPage(browser.context, server);
}

describe("the native command's samples", () => {
  let expected: Float32Array;
  beforeAll(async () => {
    expected = await nativeSpeech(BUNDLE, TEXT, ["--seed", String(SEED)]);
  });

  for (const kind of ["isolated", "plain"] as const) {
    for (const backend of ["engine", "onnxruntime"] as const) {
      // One worker and two, in either page; one of them unasked.
      for (const threads of [undefined, kind === "isolated" ? 1 : 2]) {
        test(`${kind} page, ${backend}, threads: ${threads ?? "as it likes"}`, async () => {
          const it = await page(kind);
          const spoken = await it.evaluate(
            async ([bundle, text, seed, backend, threads]) => {
              const { PocketTTS } = globalThis.pocket;
              const tts = await PocketTTS.fromPretrained(`/models/${bundle}`, { backend, threads });
              const { audio, sampleRate, statistics } = await tts.generate(text, { seed });
              await tts.dispose();
              const isolated = globalThis.crossOriginIsolated;
              return { audio: [...audio], sampleRate, statistics, isolated };
            },
            [BUNDLE, TEXT, SEED, backend, threads] as const,
          );
          await it.close();
          const { statistics } = spoken;
          expect(spoken.isolated).toBe(kind === "isolated");
          expect(spoken.sampleRate).toBe(24_000);
          expect(spoken.audio.length).toBe(expected.length);
          expect(difference(Float32Array.from(spoken.audio), expected, COMPARED)).toBeLessThan(1e-3);
          expect(statistics).toMatchObject({ backend, seed: SEED, seconds: expected.length / 24_000 });
          const workers = (threads ?? (kind === "isolated" ? 2 : 1)) > 1 ? 2 : 1;
          expect(statistics.workers).toBe(workers);
          expect(statistics.threads).toBeGreaterThanOrEqual(workers);
          expect(statistics.firstSound).toBeGreaterThan(0);
          expect(statistics.firstSound).toBeLessThan(statistics.elapsed);
          expect(statistics.timings["mimi_decoder"]?.calls).toBeGreaterThan(10);
          expect(statistics.timings["prefill"]?.calls).toBe(2);
        });
      }
    }
  }
});

test("the engine says what the native command says in the default formats", async () => {
  const bundle = `${BUNDLE}_default`;
  const expected = await nativeSpeech(bundle, TEXT, ["--seed", String(SEED)]);
  let single: number[] | undefined;
  for (const threads of [1, 2]) {
    const it = await page("isolated");
    const audio = await it.evaluate(
      async ([bundle, text, seed, threads]) => {
        const tts = await globalThis.pocket.PocketTTS.fromPretrained(`/models/${bundle}`, { threads });
        const { audio } = await tts.generate(text, { seed });
        await tts.dispose();
        return [...audio];
      },
      [bundle, TEXT, SEED, threads] as const,
    );
    await it.close();
    // Two workers share the decoder, and change no bit of it.
    single ??= audio;
    expect(audio).toEqual(single);
    expect(audio.length).toBe(expected.length);
    // Activations that lie between two integers are rounded to either, and that is fed back.
    expect(difference(Float32Array.from(audio), expected, COMPARED)).toBeLessThan(1e-2);
  }
});

test("at another speed it says what the native command says", async () => {
  const it = await page("isolated");
  for (const speed of [0.75, 2]) {
    const expected = await nativeSpeech(BUNDLE, TEXT, ["--seed", String(SEED), "--speed", String(speed)]);
    for (const threads of [1, 2]) {
      const chunks = await it.evaluate(
        async ([bundle, text, seed, speed, threads]) => {
          const tts = await globalThis.pocket.PocketTTS.fromPretrained(`/models/${bundle}`, { threads });
          const chunks: [number[], string][] = [];
          for await (const { audio, text: sentence } of tts.stream(text, { seed, speed })) {
            chunks.push([[...audio], sentence]);
          }
          await tts.dispose();
          return chunks;
        },
        [BUNDLE, TEXT, SEED, speed, threads] as const,
      );
      const audio = chunks.flatMap(([samples]) => samples);
      // Where two places are as good as another, rounding decides which one is jumped to.
      expect(Math.abs(audio.length - expected.length)).toBeLessThan(1920);
      expect(difference(Float32Array.from(audio), expected, COMPARED / 2)).toBeLessThan(1e-3);
      expect(chunks.every(([samples]) => samples.length > 0)).toBe(true);
      expect(new Set(chunks.map(([, text]) => text))).toEqual(new Set(["Hello there.", "", "This is a test."]));
    }
  }
  await it.close();
});

test("speaking at another speed can be ended, and the next text has its own speed", async () => {
  const it = await page("isolated");
  const lengths = await it.evaluate(
    async ([bundle, text, seed]) => {
      const lengths: number[] = [];
      for (const threads of [1, 2]) {
        const tts = await globalThis.pocket.PocketTTS.fromPretrained(`/models/${bundle}`, { threads });
        for (const leave of [1, 2, 5]) {
          const ending = new AbortController();
          let chunks = 0;
          const { signal } = ending;
          await (async () => {
            for await (const _ of tts.stream(text.repeat(20), { seed, speed: 2, signal })) {
              if (++chunks === leave) ending.abort();
            }
          })().catch(() => {});
        }
        for (const speed of [undefined, 0.5, 1]) {
          lengths.push((await tts.generate(text, { seed, speed })).audio.length);
        }
        await tts.dispose();
      }
      return lengths;
    },
    [BUNDLE, TEXT, SEED] as const,
  );
  await it.close();
  const [own = 0, slow = 0, same] = lengths;
  expect(same).toBe(own);
  expect(Math.abs(slow - 2 * own)).toBeLessThan(1920);
  expect(lengths.slice(3)).toEqual(lengths.slice(0, 3));
});

test("chunks come one by one, with the sentence they belong to", async () => {
  const it = await page("isolated");
  const chunks = await it.evaluate(
    async ([bundle, text]) => {
      const tts = await globalThis.pocket.PocketTTS.fromPretrained(`/models/${bundle}/`);
      const chunks: [number, string][] = [];
      for await (const { audio, text: sentence } of tts.stream(text)) {
        chunks.push([audio.length, sentence]);
      }
      await tts.dispose();
      return chunks;
    },
    [BUNDLE, TEXT] as const,
  );
  await it.close();
  expect(chunks[0]).toEqual([1920, "Hello there."]);
  expect(chunks).toContainEqual([2400, ""]);
  expect(new Set(chunks.map(([, text]) => text))).toEqual(new Set(["Hello there.", "", "This is a test."]));
});

for (const backend of ["engine", "onnxruntime"] as const) {
  for (const threads of [1, 2]) {
    test(`an abort stops ${backend} on ${threads} threads within 200 ms, and the next request works`, async () => {
      const it = await page("plain");
      const result = await it.evaluate(
        async ([bundle, text, backend, threads]) => {
          const { PocketTTS } = globalThis.pocket;
          const tts = await PocketTTS.fromPretrained(`/models/${bundle}`, { backend, threads });
          const control = new AbortController();
          let [aborted, stopped, name] = [0, 0, ""];
          try {
            for await (const _ of tts.stream(text.repeat(20), { signal: control.signal })) {
              if (aborted === 0) {
                setTimeout(() => {
                  aborted = performance.now();
                  control.abort();
                }, 100);
                aborted = -1;
              }
            }
          } catch (error) {
            stopped = performance.now();
            name = (error as Error).name;
          }
          const next = performance.now();
          const iterator = tts.stream("Again.", { seed: 1 });
          const first = await iterator.next();
          const waited = performance.now() - next;
          await iterator.return();
          await tts.dispose();
          const samples = first.done === true ? 0 : first.value.audio.length;
          return { took: stopped - aborted, name, samples, waited };
        },
        [BUNDLE, TEXT, backend, threads] as const,
      );
      await it.close();
      expect(result.name).toBe("AbortError");
      expect(result.took).toBeLessThan(200);
      expect(result.samples).toBe(1920);
      expect(result.waited).toBeLessThan(1000);
    });
  }
}

test("two requests queue, and each gives the same samples as alone", async () => {
  const it = await page("isolated");
  const result = await it.evaluate(async (bundle) => {
    const tts = await globalThis.pocket.PocketTTS.fromPretrained(`/models/${bundle}`);
    const order: string[] = [];
    const say = async (text: string) => {
      const { audio } = await tts.generate(text, { seed: 3 });
      order.push(text);
      return [...audio];
    };
    const alone = [await say("One."), await say("Two and more.")];
    const queued = await Promise.all([say("One."), say("Two and more.")]);
    const control = new AbortController();
    const third = [tts.generate("One."), tts.generate("Two.", { signal: control.signal }), tts.generate("Three.")];
    control.abort();
    const settled = (await Promise.allSettled(third)).map((one) => one.status);
    await tts.dispose();
    return { same: JSON.stringify(alone) === JSON.stringify(queued), order, settled };
  }, BUNDLE);
  await it.close();
  expect(result.same).toBe(true);
  expect(result.order).toEqual(["One.", "Two and more.", "One.", "Two and more."]);
  expect(result.settled).toEqual(["fulfilled", "rejected", "fulfilled"]);
});

test("a listener that is slow stops the work", async () => {
  const it = await page("isolated");
  const ahead = await it.evaluate(async (bundle) => {
    const tts = await globalThis.pocket.PocketTTS.fromPretrained(`/models/${bundle}`);
    const stream = tts.stream("A long text. ".repeat(50));
    await stream.next();
    const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    await sleep(1500);
    // What waits now comes at once; what has still to be made does not.
    let ahead = 0;
    for (;;) {
      const start = performance.now();
      const { done } = await stream.next();
      if (done === true || performance.now() - start > 2 || ahead > 200) {
        break;
      }
      ahead += 1;
    }
    await stream.return();
    await tts.dispose();
    return ahead;
  }, BUNDLE);
  await it.close();
  expect(ahead).toBeLessThan(100);
});

test("the page's thread is never blocked for 50 ms", async () => {
  const it = await page("isolated");
  const longest = await it.evaluate(
    async ([bundle, text]) => {
      const tasks: number[] = [];
      new PerformanceObserver((list) => {
        tasks.push(...list.getEntries().map((entry) => entry.duration));
      }).observe({ type: "longtask" });
      const tts = await globalThis.pocket.PocketTTS.fromPretrained(`/models/${bundle}`);
      await tts.generate(text);
      await tts.dispose();
      await new Promise((resolve) => setTimeout(resolve, 100));
      return Math.max(0, ...tasks);
    },
    [BUNDLE, TEXT] as const,
  );
  await it.close();
  expect(longest).toBeLessThan(50);
});

test.each([1, 2])("errors on %i threads are those of the native command", async (threads) => {
  const it = await page("isolated");
  const errors = await it.evaluate(
    async ([bundle, threads]) => {
      const tts = await globalThis.pocket.PocketTTS.fromPretrained(`/models/${bundle}`, { threads });
      const cases: [string, () => Promise<unknown>][] = [
        ["empty", () => tts.generate("  ")],
        ["pause", () => tts.generate("A. [pause 100s] B.")],
        ["voice", () => tts.generate("A.", { voice: "nobody" })],
        ["steps", () => tts.generate("A.", { steps: 0 })],
        ["temperature", () => tts.generate("A.", { temperature: Number.NaN })],
        ["clamp", () => tts.generate("A.", { noiseClamp: -1 })],
        ["tokens", () => tts.generate("A.", { maxTokens: 0 })],
        ["unknown", () => tts.generate("A.", { rate: 2 } as object)],
        ["speed", () => tts.generate("A.", { speed: 2.5 })],
        ["file", () => tts.loadVoice(new Blob(["no voice"]))],
        ["silent", () => tts.cloneVoice({ samples: new Float32Array(24_000), sampleRate: 24_000 })],
        ["no recording", () => tts.cloneVoice(new Blob(["no recording"]))],
      ];
      const errors: Record<string, unknown> = {};
      for (const [name, work] of cases) {
        errors[name] = await work().then(
          () => "no error",
          (error) => [error.constructor.name, error.kind, error.message],
        );
      }
      await tts.generate("It still speaks.");
      await tts.dispose();
      errors["disposed"] = await tts.generate("A.").catch((error) => error.kind);
      return errors;
    },
    [BUNDLE, threads] as const,
  );
  await it.close();
  expect(errors).toMatchSnapshot();
});

test.each([1, 2])("a text without words is a short silence and a notice, on %i threads", async (threads) => {
  const it = await page("isolated");
  const spoken = await it.evaluate(
    async ([bundle, threads]) => {
      let notices: string[] = [];
      const onNotice = ({ kind }: { kind: string }) => notices.push(kind);
      const tts = await globalThis.pocket.PocketTTS.fromPretrained(`/models/${bundle}`, { threads, onNotice });
      async function* arriving() {
        yield "...";
      }
      const found: unknown[] = [];
      const texts = ["🎉", "...", "\u{2014} !", "🎉".repeat(5000), arriving(), "🪤", "👍"];
      for (const [at, text] of texts.entries()) {
        notices = [];
        const { audio } = await tts.generate(text, { normalize: at > 4 && "english", words: true });
        found.push([audio.length, audio.every((sample) => sample === 0), notices]);
      }
      await tts.dispose();
      return found;
    },
    [BUNDLE, threads] as const,
  );
  await it.close();
  const silence = [4800, true, ["no-words"]];
  expect(spoken.slice(0, -1)).toEqual([silence, silence, silence, silence, silence, silence]);
  // This one has a name.
  expect(spoken.at(-1)).toEqual([expect.any(Number), false, []]);
});

test("20 utterances leave memory flat", async () => {
  const it = await page("isolated");
  const sizes = await it.evaluate(async (bundle) => {
    const tts = await globalThis.pocket.PocketTTS.fromPretrained(`/models/${bundle}`);
    // What JavaScript holds, and what the modules hold, which the browser does not count.
    const speak = async (times: number) => {
      let modules: number | undefined;
      for (let i = 0; i < times; i++) {
        modules = (await tts.generate("Hello there.", { seed: i })).statistics.memory;
      }
      const { bytes } = await (
        performance as unknown as { measureUserAgentSpecificMemory(): Promise<{ bytes: number }> }
      ).measureUserAgentSpecificMemory();
      return { scripts: bytes, modules };
    };
    // How many frames are decoded at a time depends on which worker is ahead, and the most that there ever were
    // take the most memory. So there is a round that adds nothing, unless something is kept in every one.
    let before = await speak(20);
    let after = await speak(20);
    for (let round = 0; round < 3 && after.modules !== before.modules; round++) {
      before = after;
      after = await speak(20);
    }
    await tts.dispose();
    return { before, after };
  }, BUNDLE);
  await it.close();
  console.log(`memory: ${JSON.stringify(sizes)}`);
  expect(sizes.before.modules).toBeGreaterThan(1e6);
  expect(sizes.after.modules).toBe(sizes.before.modules);
  expect(sizes.after.scripts).toBeLessThan(sizes.before.scripts * 1.05 + 2e6);
}, 240_000);

describe("long texts", () => {
  for (const threads of [1, 2]) {
    test(`on ${threads} threads ten megabytes take little memory, and hold up nothing when they are aborted`, async () => {
      const it = await page("isolated");
      const spoken = await it.evaluate(
        async ([bundle, threads]) => {
          const { PocketTTS } = globalThis.pocket;
          const notices: string[] = [];
          const tts = await PocketTTS.fromPretrained(`/models/${bundle}`, {
            threads,
            onNotice: ({ kind, message }) => notices.push(`${kind}: ${message}`),
          });
          await tts.generate("Hello.", { seed: 1 });
          const before = tts.memory;
          const text = `[pause fast] ${"This is a sentence of a long book. ".repeat(285_000)}`;
          const control = new AbortController();
          let first = "";
          try {
            for await (const { text: sentence } of tts.stream(text, { signal: control.signal, normalize: false })) {
              first ||= sentence;
              control.abort();
            }
          } catch (error) {
            if (!control.signal.aborted) throw error;
          }
          const { statistics } = await tts.generate("Hello.", { seed: 1 });
          const grown = tts.memory - before;
          await tts.dispose();
          return { first, seconds: statistics.seconds, grown, length: text.length, notices };
        },
        [BUNDLE, threads] as const,
      );
      await it.close();
      expect(spoken.first).toMatch(/^\[pause fast\] This is a sentence of a long book\./);
      expect(spoken.seconds).toBeGreaterThan(0);
      // The text itself, and what the allocator rounds up.
      expect(spoken.grown).toBeLessThan(2 * spoken.length);
      expect(spoken.notices.join()).toMatch(/^pause-marker: \[pause fast\] is spoken as words/);
    });
  }
});
