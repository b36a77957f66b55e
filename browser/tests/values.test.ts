/** Values from JavaScript, which TypeScript would not let through: one table of cases a method. */

import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Browser, launch } from "./support/chromium.js";
import { openPage, servePackage } from "./support/page.js";
import type { Server } from "./support/server.js";

/** A call, and the kind and some words of its error; or "works". */
type Case = [call: () => unknown, kind: string, words?: string];

declare global {
  /** Makes every call; gives those that go otherwise. */
  var tryAll: (cases: Case[]) => Promise<string[]>;
  /** A model with voices. */
  var load: (options?: object) => Promise<import("../src/index.js").PocketTTS>;
  /** The window of another frame: its classes are others. */
  var frame: () => typeof globalThis;
  /** Unhandled errors. */
  var uncaught: string[];
  /** Half a second of a tone. */
  var sine: (length?: number) => Float32Array<ArrayBuffer>;
}

let browser: Browser;
let server: Server;

beforeAll(async () => {
  browser = await launch();
  server = await servePackage(true);
  await browser.context.addInitScript(() => {
    globalThis.tryAll = async (cases) => {
      const wrong: string[] = [];
      for (const [call, kind, words = ""] of cases) {
        const outcome = async () => {
          try {
            const result = await call();
            if (result !== null && typeof result === "object" && Symbol.asyncIterator in result) {
              for await (const _ of result as AsyncIterable<unknown>) {
                break;
              }
            }
            return "works";
          } catch (error) {
            const isOurs = error instanceof globalThis.pocket.PocketTTSError;
            const { name, message } = error as Error;
            return isOurs ? `${error.kind}: ${message}` : `${name} (not ours): ${message}`;
          }
        };
        const is = await outcome();
        const right = kind === "works" ? is === kind : is.startsWith(`${kind}: `) && is.includes(words);
        if (!right) {
          wrong.push(`${call}: ${is}`);
        }
      }
      return wrong;
    };
    globalThis.frame = () => {
      const frame = document.createElement("iframe");
      document.body.append(frame);
      return frame.contentWindow as unknown as typeof globalThis;
    };
    globalThis.uncaught = [];
    window.addEventListener("unhandledrejection", (event) => globalThis.uncaught.push(String(event.reason)));
    globalThis.load = (options) => globalThis.pocket.PocketTTS.fromPretrained("/models/english_2m_default", options);
    globalThis.sine = (length = 12_000) => Float32Array.from({ length }, (_, i) => Math.sin(i / 20) / 2);
  });
});

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

async function inPage<T>(work: () => Promise<T>): Promise<T> {
  const page: Page = await openPage(browser.context, server);
  const result = await page.evaluate(work);
  await page.close();
  return result;
}

test("texts that are no strings are refused before they reach a worker", async () => {
  const result = await inPage(async () => {
    const tts = await globalThis.load();
    await tts.generate("A.");
    const before = tts.memory;
    // biome-ignore format: one case a line
    const texts: [unknown, string][] = [
      [5, "not 5"], [Number.NaN, "not NaN"], [true, "not true"], [5n, "not the bigint 5"],
      [null, "not null"], [undefined, "not undefined"], [Symbol("a"), "not a symbol"],
      [{}, "not an object"], [{ length: 1e9 }, "not an object"], [["A."], "not an Array"],
      [new Date(), "not a Date"], [new String("A."), "not a String"], [() => "A.", "not a function"],
      [{ toString: () => "A." }, "not an object"], [Object.create(null), "not an object"],
      [new Proxy({}, { get() { throw new Error("no"); } }), "not an object"],
    ];
    const wrong: string[] = [];
    for (const [text, words] of texts) {
      const given = text as string;
      const kinds = "a string, a TextStream, a ReadableStream, or an async iterable of strings";
      const says = `the text must be ${kinds}, ${words}`;
      wrong.push(
        ...(await globalThis.tryAll([
          [() => tts.generate(given), "Text", says],
          [() => tts.stream(given), "Text", says],
          [() => tts.speak(given), "Text", says],
        ])),
      );
    }
    wrong.push(
      ...(await globalThis.tryAll([
        [() => tts.generate(""), "Text", "the text is empty"],
        [() => tts.generate("Half a letter: \ud83d. \ude00"), "works"],
        [() => tts.generate("\ud800", { framesAfterEos: 0 }), "works"],
      ])),
    );
    const { statistics } = await tts.generate("A.");
    await tts.dispose();
    return { wrong, grown: (statistics.memory ?? 0) - before };
  });
  expect(result.wrong).toEqual([]);
  expect(result.grown).toBeLessThan(8e6);
});

test("addresses of all kinds are accepted, and other values refused", async () => {
  const wrong = await inPage(async () => {
    const { PocketTTS } = globalThis.pocket;
    const open = async (address: unknown) => (await PocketTTS.fromPretrained(address as string)).dispose();
    const base = "/models/english_2m_default";
    const throwing = {
      get href(): string {
        throw new Error("no");
      },
    };
    return globalThis.tryAll([
      // The included model.
      [() => open(undefined), "works"],
      [() => open({}), "works"],
      [() => open({ url: base }), "Options", "url"],
      [() => open(null), "Value", "must be a string or a URL, not null"],
      [() => open(5), "Value", "not 5"],
      [() => open([base]), "Value", "not an Array"],
      [() => open(throwing), "Value", "not an object"],
      [() => open("http://["), "Value", '"http://[" is not the address'],
      [() => open("data:text/plain,bundle"), "Value", "is not the address"],
      [() => open("/models/nothing"), "Http", "404"],
      [() => open(base), "works"],
      [() => open(`${base}/`), "works"],
      [() => open(new URL(base, location.href)), "works"],
      [() => open(`${base}/manifest.json`), "works"],
      [() => open(`${base}/manifest.json?version=2#top`), "works"],
      [() => open(new URL(`${base}/manifest.json`, location.href)), "works"],
      [() => Reflect.construct(PocketTTS, []) as object, "Value", "fromPretrained"],
    ]);
  });
  expect(wrong).toEqual([]);
});

test("objects that no constructor has made are refused in words", async () => {
  const wrong = await inPage(async () => {
    const { Player, PocketTTS, Speech, TextStream } = globalThis.pocket;
    const { Voice } = await globalThis.part<typeof import("../src/voice.js")>("voice.js");
    const { ComponentStream } = await globalThis.part<typeof import("../src/state.js")>("state.js");
    const fake = <T>(of: { prototype: T }): T => Object.create(of.prototype as object);
    const proxy = new Proxy(new Player(), {});
    const tts = fake(PocketTTS as { prototype: import("../src/index.js").PocketTTS });
    return globalThis.tryAll([
      [() => tts.generate("A."), "Value", "a PocketTTS cannot be used as a PocketTTS: only objects"],
      [() => tts.stream("A."), "Value", "only objects from `await PocketTTS.fromPretrained(address)` can"],
      [() => tts.listVoices(), "Value", "PocketTTS"],
      [() => tts.sampleRate, "Value", "PocketTTS"],
      [() => PocketTTS.prototype.dispose.call(undefined as never), "Value", "undefined cannot be used as a PocketTTS"],
      [
        () => fake(Player).write([0], 24_000),
        "Value",
        "a Player cannot be used as a Player: only objects from `new Player()` can",
      ],
      [() => void (fake(Player).speed = 1), "Value", "Player"],
      [() => fake(Player).state, "Value", "Player"],
      [() => proxy.stop(), "Value", "and not a proxy of one"],
      [() => fake(Speech).toBlob(), "Value", "a Speech cannot be used as a Speech"],
      [() => fake(Speech).toBlob("audio/flac"), "Value", "Speech"],
      [() => fake(Voice).dispose(), "Value", "Voice"],
      [() => fake(TextStream).push("A."), "Value", "a TextStream cannot be used as a TextStream"],
      [() => fake(TextStream).close(), "Value", "TextStream"],
      [() => fake(ComponentStream).run({}), "Value", "ComponentStream"],
      [() => fake(ComponentStream).position, "Value", "ComponentStream"],
    ]);
  });
  expect(wrong).toEqual([]);
});

test("options of loading are checked, and what is misspelt is named", async () => {
  const wrong = await inPage(async () => {
    const open = async (options: unknown) => (await globalThis.load(options as object)).dispose();
    const list = "the options are backend, dtype, device, threads, onProgress, onNotice, signal";
    class Settings {
      get threads() {
        return 1;
      }
    }
    return globalThis.tryAll([
      [() => open(null), "Options", "must be an object, not null"],
      [() => open(5), "Options", "must be an object, not 5"],
      [() => open("engine"), "Options", 'must be an object, not "engine"'],
      [() => open([]), "Options", "must be an object, not an Array"],
      [() => open(() => {}), "Options", "must be an object, not a function"],
      [() => open(new Map([["threads", 1]])), "Options", "must be an object, not a Map"],
      [() => open(Promise.resolve({})), "Options", "not a Promise"],
      [() => open(new AbortController().signal), "Options", "not an AbortSignal"],
      [() => open({ backend: "wasm" }), "Options", 'the option backend must be "engine" or "onnxruntime", not "wasm"'],
      [() => open({ backend: null }), "Options", "not null"],
      [() => open({ dtype: "int8" }), "Options", 'must be "f32", "bf16", "q16", "q8", "q6" or "q4", not "int8"'],
      [() => open({ dtype: "f32" }), "Options", "the weights of this bundle are"],
      [() => open({ device: "gpu" }), "Options", 'must be "wasm" or "webgpu", not "gpu"'],
      [() => open({ device: "webgpu" }), "Unsupported", "webgpu"],
      [() => open({ threads: 0 }), "Options", "the option threads must be a whole number from 1 to 64, not 0"],
      [() => open({ threads: 1.5 }), "Options", "not 1.5"],
      [() => open({ threads: "2" }), "Options", 'not "2"'],
      [() => open({ threads: Number.NaN }), "Options", "not NaN"],
      [() => open({ threads: 1e9 }), "Options", "not 1000000000"],
      [() => open({ onProgress: 5 }), "Options", "the option onProgress must be a function, not 5"],
      [() => open({ onNotice: {} }), "Options", "the option onNotice must be a function"],
      [() => open({ signal: {} }), "Options", "the option signal must be an AbortSignal"],
      [() => open({ signal: new AbortController() }), "Options", "not an AbortController"],
      [
        () => open({ progress_callback: () => {} }),
        "Options",
        "progress_callback does not exist (did you mean onProgress?)",
      ],
      [() => open({ Threads: 1 }), "Options", "did you mean threads?"],
      [() => open({ on_progress: () => {} }), "Options", "did you mean onProgress?"],
      [() => open({ dtpye: "q8" }), "Options", "did you mean dtype?"],
      [() => open({ xyz: 1 }), "Options", `the option xyz does not exist; ${list}`],
      [
        () =>
          open({
            get threads() {
              throw new Error("mine");
            },
          }),
        "Options",
        "the option threads cannot be read: mine",
      ],
      [
        () =>
          open(
            new Proxy(
              {},
              {
                ownKeys() {
                  throw new Error("mine");
                },
              },
            ),
          ),
        "Options",
        "the options cannot be read: mine",
      ],
      [
        () =>
          open(
            new Proxy(
              {},
              {
                get() {
                  throw new Error("mine");
                },
              },
            ),
          ),
        "Options",
        "cannot be read: mine",
      ],
      [() => open({ threads: undefined, signal: undefined }), "works"],
      [() => open(Object.freeze({ threads: 1 })), "works"],
      [() => open(new Proxy({ threads: 1 }, {})), "works"],
      [() => open(Object.assign(Object.create(null), { threads: 1 })), "works"],
      [() => open(new Settings()), "works"],
    ]);
  });
  expect(wrong).toEqual([]);
});

test("a listener that throws does not end loading", async () => {
  const wrong = await inPage(async () => {
    const [errors, onError] = [[] as string[], (event: ErrorEvent) => errors.push(event.message)];
    window.addEventListener("error", onError);
    const tts = await globalThis.load({
      onProgress: () => {
        throw new Error("mine");
      },
    });
    const { audio } = await tts.generate("A.");
    await tts.dispose();
    return audio.length > 0 && errors.some((message) => message.includes("mine")) ? [] : errors;
  });
  expect(wrong).toEqual([]);
});

test("options of speaking are checked, and what is misspelt is named", async () => {
  const wrong = await inPage(async () => {
    const tts = await globalThis.load();
    const say = (options: unknown) => tts.generate("A.", options as object);
    const { signal } = new AbortController();
    const wrong = await globalThis.tryAll([
      [() => say(null), "Options", "must be an object, not null"],
      [() => say("alba"), "Options", 'must be an object, not "alba"'],
      [() => say({ rate: 2 }), "Options", "the option rate does not exist"],
      [() => say({ speed: "1.5" }), "Options", 'the option speed must be a number, not "1.5"'],
      [() => say({ speed: null }), "Options", "the option speed must be a number, not null"],
      ...[0.49, 2.01, 0, -1, Number.NaN, Infinity, -Infinity].map(
        (speed) =>
          [() => say({ speed }), "Options", `the speed has to be a number from 0.5 to 2, not ${speed}`] as [
            () => Promise<unknown>,
            string,
            string,
          ],
      ),
      ...[0.5, 0.5001, 1.999, 2].map((speed) => [() => say({ speed }), "works"] as [() => Promise<unknown>, string]),
      [() => say({ max_tokens: 2 }), "Options", "did you mean maxTokens?"],
      [() => say({ noise_clamp: 2 }), "Options", "did you mean noiseClamp?"],
      [() => say({ Seed: 2 }), "Options", "did you mean seed?"],
      [() => say({ player: undefined }), "Options", "the option player does not exist"],
      [
        () => say({ seed: "7" }),
        "Options",
        'the option seed must be a whole number from 0 to 9007199254740991 (2^53 - 1), not "7"',
      ],
      [() => say({ seed: 1.5 }), "Options", "not 1.5"],
      [() => say({ seed: -1 }), "Options", "not -1"],
      [() => say({ seed: 2 ** 53 }), "Options", "not 9007199254740992"],
      [() => say({ seed: 7n }), "Options", "not the bigint 7"],
      [() => say({ temperature: "0.5" }), "Options", 'the option temperature must be a number, not "0.5"'],
      [() => say({ temperature: null }), "Options", "not null"],
      [() => say({ temperature: Number.NaN }), "Options", "temperature"],
      [() => say({ noiseClamp: {} }), "Options", "the option noiseClamp must be a number"],
      [() => say({ eosThreshold: true }), "Options", "the option eosThreshold must be a number, not true"],
      [() => say({ eosThreshold: Number.NaN }), "Options", "threshold"],
      [() => say({ steps: "2" }), "Options", "the option steps must be a whole number"],
      [() => say({ steps: 0 }), "Options", "1 step"],
      [() => say({ framesAfterEos: 1.5 }), "Options", "the option framesAfterEos must be a whole number"],
      [() => say({ maxTokens: Number.NaN }), "Options", "the option maxTokens must be a whole number"],
      [() => say({ normalize: "klingon" }), "Options", "the option normalize must be true, false, or a language"],
      [() => say({ normalize: 1 }), "Options", "not 1"],
      [() => say({ replacements: 5 }), "Options", "the option replacements must be an object of words"],
      [() => say({ replacements: ["a"] }), "Options", "not an Array"],
      [() => say({ replacements: { a: 5 } }), "Options", "words and their spoken forms"],
      [() => say({ replacements: "a = b\n\nc" }), "Options", "line 3: should be `word = spoken form`"],
      [() => say({ replacements: { a: "" } }), "Options", 'give the spoken form of "a"'],
      [() => say({ replacements: { a: "b" }, normalize: "german" }), "works"],
      [() => say({ voice: null }), "Options", "the option voice must be the name of a voice or a Voice, not null"],
      [() => say({ voice: 5 }), "Options", "the name of a voice or a Voice, not 5"],
      [() => say({ voice: new ArrayBuffer(8) }), "Options", "the name of a voice or a Voice, not an ArrayBuffer"],
      [
        () => say({ voice: "Synthetic_1" }),
        "NoVoice",
        "no voice Synthetic_1 (did you mean synthetic_1?); it has synthetic_1, synthetic_2",
      ],
      [() => say({ signal: new AbortController() }), "Options", "AbortSignal"],
      [
        () =>
          say({
            get seed() {
              throw new Error("mine");
            },
          }),
        "Options",
        "the option seed cannot be read: mine",
      ],
      [() => tts.stream("A.", { pace: 2 } as object), "Options", "pace"],
      [() => tts.stream("A.", null as unknown as object), "Options", "not null"],
      [() => tts.speak("A.", null as unknown as object), "Options", "not null"],
      [() => tts.speak("A.", { player: {} } as object), "Options", "the option player must be a Player"],
      [() => tts.speak("A.", { Player: null } as object), "Options", "did you mean player?"],
      [() => say(Object.freeze({ seed: 1, signal, voice: "synthetic_2" })), "works"],
    ]);
    await tts.dispose();
    return wrong;
  });
  expect(wrong).toEqual([]);
});

test("voices may be given as any kind of bytes", async () => {
  const result = await inPage(async () => {
    const tts = await globalThis.load();
    const other = await globalThis.load();
    const { Voice } = await globalThis.part<typeof import("../src/voice.js")>("voice.js");
    const file = await (await tts.exportVoice("synthetic_2")).arrayBuffer();
    const bytes = new Uint8Array(file);
    const behind = new Uint8Array(file.byteLength + 3);
    behind.set(bytes, 3);
    const shared = new SharedArrayBuffer(file.byteLength);
    new Uint8Array(shared).set(bytes);
    const gone = file.slice(0);
    const goneView = new Uint8Array(gone);
    structuredClone(gone, { transfer: [gone] });
    const foreign = await other.loadVoice("synthetic_1");
    const load = (voice: unknown) => tts.loadVoice(voice as string);
    const expected = "must be the name of a voice, or a voice file as a Blob";
    const wrong = await globalThis.tryAll([
      [() => load(bytes), "works"],
      [() => load(behind.subarray(3)), "works"],
      [() => load(new DataView(behind.buffer, 3)), "works"],
      [() => load(file), "works"],
      [() => load(shared), "works"],
      [() => load(new Uint8Array(shared)), "works"],
      [() => load(new Blob([file])), "works"],
      [() => load(new File([file], "me.safetensors")), "works"],
      [() => load(gone), "Voice", "the voice file cannot be read"],
      [() => load(goneView), "Voice"],
      [() => load(new ArrayBuffer(0)), "Voice"],
      [() => load(new Uint8Array(100)), "Voice"],
      [() => load(null), "Voice", `${expected}`],
      [() => load(undefined), "Voice", "not undefined"],
      [() => load(5), "Voice", "not 5"],
      [() => load({}), "Voice", "not an object"],
      [() => load({ byteLength: 1e9, slice: 5 }), "Voice", "not an object"],
      [() => load(new URL(location.href)), "Voice", "not a URL"],
      [() => load(new Response()), "Voice", "not a Response"],
      [() => load(new Float32Array(8)), "Voice", "not a Float32Array"],
      [() => load("Synthetic 2"), "NoVoice", "did you mean synthetic_2?"],
      [() => load(""), "NoVoice", "it has synthetic_1, synthetic_2"],
      [() => tts.exportVoice(5 as unknown as string), "Voice", "the name of a voice or a Voice, not 5"],
      [() => tts.exportVoice(undefined as unknown as string), "Voice", "not undefined"],
      [() => tts.exportVoice("synthetic_1", "f64" as "f32"), "Options", 'must be "f32" or "f16", not "f64"'],
      [() => tts.exportVoice("nobody"), "NoVoice", "no voice nobody"],
      [() => tts.prepare(null as unknown as string), "Voice", "not null"],
      [() => tts.prepare("nobody"), "NoVoice", "no voice nobody"],
      [() => tts.generate("A.", { voice: foreign }), "NoVoice", "belongs to another model"],
      [() => tts.exportVoice(Object.create(Voice.prototype)), "NoVoice", "belongs to another model"],
    ]);
    await other.dispose();
    await tts.dispose();
    foreign.dispose();
    return { wrong, kept: file.byteLength };
  });
  expect(result.wrong).toEqual([]);
  expect(result.kept).toBeGreaterThan(0);
});

test("recordings may be given as any kind of bytes or samples", async () => {
  const wrong = await inPage(async () => {
    const tts = await globalThis.load();
    const samples = globalThis.sine();
    const { wav } = await globalThis.part<typeof import("../src/wav.js")>("wav.js");
    const file = wav(samples, 24_000, "i16");
    const [gone, sampleRate] = [globalThis.sine(), 24_000];
    structuredClone(gone, { transfer: [gone.buffer] });
    const clone = (recording: unknown, options?: unknown) =>
      tts.cloneVoice(recording as Blob, options as object | undefined);
    const expected =
      "a recording must be a file (a Blob, an ArrayBuffer or a Uint8Array), an AudioBuffer, or { samples, sampleRate }";
    const buffer = new AudioBuffer({ length: samples.length, sampleRate });
    buffer.copyToChannel(samples, 0);
    const throwing = {
      sampleRate,
      get samples(): number[] {
        throw new Error("mine");
      },
    };
    const refusedRates: Case[] = [
      0,
      -1,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      1e9,
      24_000.5,
      "24000",
      null,
      undefined,
    ].map((sampleRate) => [
      () => clone({ samples, sampleRate }),
      "Audio",
      "sampleRate must be a whole number of samples a second, from 1000 to 768000",
    ]);
    const wrong = await globalThis.tryAll([
      [() => clone({ samples, sampleRate }), "works"],
      [() => clone({ samples: Float64Array.from(samples), sampleRate }), "works"],
      [() => clone({ samples: [...samples], sampleRate }), "works"],
      [() => clone({ samples: Int16Array.from(samples, (x) => x * 32_767), sampleRate }), "works"],
      [() => clone(Object.freeze({ samples, sampleRate })), "works"],
      [() => clone(buffer), "works"],
      [() => clone(file.buffer), "works"],
      [() => clone(file), "works"],
      [() => clone(new DataView(file.buffer)), "works"],
      [() => clone(new File([file], "me.wav")), "works"],
      [() => clone(null), "Audio", `${expected} with samples of one channel, not null`],
      [() => clone(undefined), "Audio", "not undefined"],
      [() => clone("me.wav"), "Audio", 'not "me.wav"'],
      [() => clone({}), "Audio", "not an object"],
      [() => clone({ samples }), "Audio", "not an object"],
      [() => clone(samples), "Audio", "not a Float32Array"],
      [() => clone(new URL(location.href)), "Audio", "not a URL"],
      [() => clone({ samples: Int32Array.of(1), sampleRate }), "Audio", "samples must be a Float32Array"],
      [() => clone({ samples: "abc", sampleRate }), "Audio", 'not "abc"'],
      [() => clone({ samples: { length: 1e9 }, sampleRate }), "Audio", "not an object"],
      [() => clone({ samples: null, sampleRate }), "Audio", "not null"],
      [() => clone({ samples: [], sampleRate }), "Audio", "the recording is empty"],
      [() => clone({ samples: new Float32Array(), sampleRate }), "Audio", "the recording is empty"],
      [() => clone({ samples: gone, sampleRate }), "Audio", "their memory was transferred"],
      [() => clone({ samples: Float32Array.of(0, Number.NaN), sampleRate }), "Audio", "number 1 is NaN"],
      [() => clone({ samples: [0.5, "0.5"], sampleRate }), "Audio", 'number 1 is "0.5"'],
      [() => clone({ samples: [1e300], sampleRate }), "Audio", "finite numbers"],
      [() => clone({ samples: new Array(2 ** 32 - 1), sampleRate }), "Memory", "no memory for samples"],
      [() => clone(throwing), "Audio", "cannot be read: mine"],
      [() => clone(new ArrayBuffer(0)), "Audio"],
      [() => clone(new Uint8Array(1000)), "Audio"],
      [() => clone(new Blob(["no recording"])), "Audio"],
      [() => clone({ samples, sampleRate }, null), "Options", "not null"],
      [() => clone({ samples, sampleRate }, { Signal: null }), "Options", "did you mean signal?"],
      [() => clone({ samples, sampleRate }, { signal: 5 }), "Options", "AbortSignal"],
      ...refusedRates,
    ]);
    await tts.dispose();
    return wrong;
  });
  expect(wrong).toEqual([]);
}, 120_000);

test("nothing works after dispose, and nothing hangs", async () => {
  const wrong = await inPage(async () => {
    const tts = await globalThis.load();
    const voice = await tts.loadVoice("synthetic_1");
    const started = tts.stream("One. Two. Three.");
    await started.next();
    const begun = tts.generate("A long text. ".repeat(50)).catch((error) => error.kind);
    const file = await (await tts.exportVoice(voice)).arrayBuffer();
    await tts.dispose();
    const recording = { samples: globalThis.sine(), sampleRate: 24_000 };
    const rest = async () => {
      for await (const _ of started);
    };
    const wrong = await globalThis.tryAll([
      [() => tts.dispose(), "works"],
      [() => tts.generate("A."), "Disposed"],
      [() => tts.generate("A.", { voice }), "Disposed"],
      [() => tts.stream("A."), "Disposed"],
      [() => tts.speak("A."), "Disposed"],
      [() => tts.prepare(), "Disposed"],
      [() => tts.prepare(voice), "Disposed"],
      [() => tts.loadVoice("synthetic_1"), "Disposed"],
      [() => tts.loadVoice(file), "Disposed"],
      [() => tts.cloneVoice(recording), "Disposed"],
      [() => tts.exportVoice(voice), "Disposed"],
      [rest, "Disposed"],
      [() => voice.dispose(), "works"],
      [() => voice.dispose(), "works"],
      [() => tts.listVoices(), "works"],
    ]);
    return [...wrong, ...((await begun) === "Disposed" ? [] : ["what had begun went on"])];
  });
  expect(wrong).toEqual([]);
});

test("players and speech check what they are given", async () => {
  const result = await inPage(async () => {
    const { Player } = globalThis.pocket;
    const make = (options: unknown) => void new Player(options as object);
    const closed = new AudioContext();
    await closed.close();
    const player = new Player();
    const [samples, rate] = [globalThis.sine(2_400), 24_000];
    const write = (...given: unknown[]) => player.write(...(given as [Float32Array, number]));
    const speech = await (await globalThis.load()).generate("A.");
    const listen = (name: "onended" | "onposition" | "onstate", listener: unknown) => {
      player[name] = listener as () => void;
    };
    const wrong = await globalThis.tryAll([
      [() => make(null), "Options", "not null"],
      [() => make({ context: 5 }), "Options", "the option context must be an AudioContext, not 5"],
      [() => make({ speed: 2.5 }), "Options", "the option speed must be a number from 0.5 to 2, not 2.5"],
      [() => make({ speed: "2" }), "Options", 'not "2"'],
      [() => make({ Context: closed }), "Options", "did you mean context?"],
      [() => new Player({ context: closed }).write(samples, rate), "Unsupported", "its AudioContext is closed"],
      [() => write(), "Audio", "samples must be a Float32Array"],
      [() => write("abc", rate), "Audio", 'not "abc"'],
      [() => write(samples.buffer, rate), "Audio", "not an ArrayBuffer"],
      [() => write(samples), "Audio", "sampleRate must be a whole number"],
      [() => write(samples, 0), "Audio", "not 0"],
      [() => write(samples, 1e-3), "Audio", "not 0.001"],
      [() => write(samples, Number.NaN), "Audio", "not NaN"],
      [() => write(samples, 1e12), "Audio", "not 1000000000000"],
      [() => write(Float32Array.of(Number.NaN), rate), "Audio", "number 0 is NaN"],
      [() => write(samples, rate, 5), "Options", "the mark must be an object with a text, not 5"],
      [() => write(samples, rate, { text: 5 }), "Options", "the mark"],
      [() => listen("onended", 5), "Options", "onended must be a function, not 5"],
      [() => listen("onposition", {}), "Options", "onposition must be a function"],
      [() => listen("onstate", "x"), "Options", "onstate must be a function"],
      [() => listen("onstate", null), "works"],
      [() => speech.toWav("mp3" as "i16"), "Options", 'must be "i16" or "f32", not "mp3"'],
      [() => speech.toBlob("audio/aac" as "audio/ogg"), "Options", '"audio/ogg" or "audio/mpeg", not "audio/aac"'],
      [
        () => new globalThis.pocket.Speech([], 24_000, speech.statistics, { title: "A" } as object),
        "Options",
        "the option title does not exist",
      ],
      [
        () => new globalThis.pocket.Speech([], 11_025, speech.statistics).toBlob("audio/ogg"),
        "Options",
        "Opus has no sample rate of 11025 Hz",
      ],
      [() => speech.toBlob(5 as unknown as "i16"), "Options", "not 5"],
      [() => write(Float64Array.from(samples), rate, { text: "A." }), "works"],
      [() => write([0, 0.5], rate), "works"],
      [() => write(new Float32Array(), rate), "works"],
    ]);
    // Listeners that throw are reported, and end() comes to its end.
    const reported: string[] = [];
    window.addEventListener("error", (event) => {
      reported.push(event.message);
      event.preventDefault();
    });
    for (const name of ["onended", "onposition", "onstate"] as const) {
      listen(name, () => {
        throw new Error(name);
      });
    }
    await player.end();
    await player.close();
    return { wrong, reported: ["onended", "onstate"].filter((name) => !reported.some((it) => it.includes(name))) };
  });
  expect(result).toEqual({ wrong: [], reported: [] });
});

test("values of another frame are taken, and objects that only inherit are not", async () => {
  const wrong = await inPage(async () => {
    const tts = await globalThis.load();
    const { Player } = globalThis.pocket;
    const other = globalThis.frame();
    const file = new Uint8Array(await (await tts.exportVoice("synthetic_2")).arrayBuffer());
    const bytes = other.Uint8Array.from(file);
    const samples = other.Float32Array.from(globalThis.sine());
    const recording = new other.AudioBuffer({ length: samples.length, sampleRate: 24_000 });
    recording.copyToChannel(samples, 0);
    const { signal } = new other.AbortController();
    const load = (voice: unknown) => tts.loadVoice(voice as string);
    const clone = (recording: unknown) => tts.cloneVoice(recording as Blob);
    const play = async (context: AudioContext) => {
      const player = new Player({ context });
      await player.write(samples.subarray(0, 2_400), 24_000);
      await player.end();
      await player.close();
    };
    const inherits = <T>(of: { prototype: T }): T => Object.create(of.prototype as object);
    const wrong = await globalThis.tryAll([
      [() => load(bytes), "works"],
      [() => load(bytes.buffer), "works"],
      [() => load(new other.DataView(bytes.buffer)), "works"],
      [() => load(new other.Blob([file])), "works"],
      [() => clone({ samples, sampleRate: 24_000 }), "works"],
      [() => clone(recording), "works"],
      [() => tts.generate("A.", { signal }), "works"],
      [() => play(new other.AudioContext()), "works"],
      [() => load(inherits(Uint8Array)), "Voice", "must be the name of a voice"],
      [() => load(inherits(ArrayBuffer)), "Voice", "must be the name of a voice"],
      [() => load(new Proxy(new Blob([file]), {})), "Voice", "must be the name of a voice"],
      [() => clone(inherits(AudioBuffer)), "Audio", "a recording must be a file"],
      [() => clone({ samples: inherits(Float32Array), sampleRate: 24_000 }), "Audio", "samples must be a Float32Array"],
      [() => tts.generate("A.", { signal: inherits(AbortSignal) }), "Options", "the option signal must be"],
      [
        () => tts.generate("A.", { signal: { aborted: false, addEventListener() {} } } as object),
        "Options",
        "the option signal",
      ],
      [() => play(inherits(AudioContext)), "Options", "the option context must be an AudioContext"],
    ]);
    await tts.dispose();
    return wrong;
  });
  expect(wrong).toEqual([]);
});

test("an address or options are read once, and named in the error if they cannot be read", async () => {
  const wrong = await inPage(async () => {
    const { PocketTTS } = globalThis.pocket;
    const open = async (...given: unknown[]) =>
      (await PocketTTS.fromPretrained(...(given as [string, object]))).dispose();
    const base = "/models/english_2m_default";
    let reads = 0;
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const polluted = async () => {
      const all = Object.prototype as { shout?: () => void };
      all.shout = () => {};
      await open(base).finally(() => delete all.shout);
    };
    return globalThis.tryAll([
      [
        () =>
          open({
            get href() {
              return reads++ === 0 ? base : 5;
            },
          }),
        "works",
      ],
      [() => open(new Request(base)), "Value", "the address of a bundle must be a string or a URL, not a Request"],
      [() => open(new String(base)), "Value", "not a String"],
      [() => open(proxy), "Options", "the options cannot be read"],
      [
        () =>
          open(
            new Proxy(
              {},
              {
                has() {
                  throw new Error("mine");
                },
              },
            ),
          ),
        "works",
      ],
      [() => open({ threads: 1 }, { dtype: "q4" }), "Options", "options were given twice"],
      [() => open(base, { [Symbol.toStringTag]: "Settings" }), "Options", "must be an object, not a Settings"],
      [() => open(`http://me:secret@${location.host}${base}`), "Value", "a user name or a password"],
      [() => open("file:///models/english_2m_default"), "Network", "browsers do not fetch from file: addresses"],
      [() => open(`/${"x".repeat(3e6)}`), "Value", "too long for browsers to fetch"],
      [polluted, "works"],
    ]);
  });
  expect(wrong).toEqual([]);
});

test("what ends work is thrown as it is, and nothing is left unhandled", async () => {
  const result = await inPage(async () => {
    const wrong: string[] = [];
    const reasons: unknown[] = [
      new Error("mine"),
      "why",
      null,
      0,
      Symbol("a"),
      Object.create(null),
      new (globalThis.frame().Error)("other"),
    ];
    for (const [index, reason] of reasons.entries()) {
      const controller = new AbortController();
      const onProgress = () => controller.abort(reason);
      const thrown = await globalThis
        .load({ signal: controller.signal, onProgress })
        .catch((error: unknown) => ({ error }));
      if (!("error" in thrown) || thrown.error !== reason) {
        wrong.push(`reason ${index}`);
      }
    }
    const tts = await globalThis.load();
    // Between two steps of the request.
    for (let steps = 0; steps < 12; steps++) {
      const controller = new AbortController();
      const failing = tts.generate("A.", { voice: "nobody", signal: controller.signal }).catch(() => {});
      for (let step = 0; step < steps; step++) {
        await undefined;
      }
      controller.abort();
      await failing;
    }
    const controller = new AbortController();
    const stream = tts.stream("One two three. ".repeat(20), { signal: controller.signal });
    await stream.next();
    controller.abort();
    const next = stream.next().catch(() => {});
    await tts.dispose();
    await next;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return { wrong, uncaught: globalThis.uncaught };
  });
  expect(result).toEqual({ wrong: [], uncaught: [] });
});

test("an abort ends a frame of more steps than anybody waits for", async () => {
  const length = await inPage(async () => {
    const tts = await globalThis.pocket.PocketTTS.fromPretrained("/models/tiny_flow_matching");
    const voice = await tts.cloneVoice({ samples: globalThis.sine(), sampleRate: 24_000 });
    const signal = AbortSignal.timeout(300);
    await tts.generate("A.", { voice, signal, steps: Number.MAX_SAFE_INTEGER }).catch(() => {});
    const { audio } = await tts.generate("A.", { voice });
    await tts.dispose();
    return audio.length;
  });
  expect(length).toBeGreaterThan(0);
});

test("a voice that is disposed of speaks what has begun, and nothing after", async () => {
  const result = await inPage(async () => {
    const tts = await globalThis.load();
    const text = "One two three. Four five six. ".repeat(4);
    const { audio: whole } = await tts.generate(text, { voice: "synthetic_2", seed: 1 });
    const voice = await tts.loadVoice("synthetic_2");
    let samples = 0;
    for await (const { audio } of tts.stream(text, { voice, seed: 1 })) {
      voice.dispose();
      samples += audio.length;
    }
    const wrong = await globalThis.tryAll([
      [() => tts.generate("A.", { voice }), "NoVoice", "this voice was disposed of: load it again"],
      [() => tts.generate("A.", { voice: "synthetic_2" }), "works"],
    ]);
    await tts.dispose();
    return { wrong, missing: whole.length - samples };
  });
  expect(result).toEqual({ wrong: [], missing: 0 });
});

test("listeners of loading and speaking that throw change nothing", async () => {
  const result = await inPage(async () => {
    const reported: string[] = [];
    window.addEventListener("error", (event) => {
      reported.push(event.message);
      event.preventDefault();
    });
    const onNotice = () => {
      throw new Error("mine");
    };
    const tts = await globalThis.load({ onNotice });
    // Too short for a good voice, which a notice says.
    const voice = await tts.cloneVoice({ samples: globalThis.sine(3_000), sampleRate: 8_000 });
    const { audio } = await tts.generate("A.", { voice });
    await tts.dispose();
    return { spoke: audio.length > 0, reported: reported.some((message) => message.includes("mine")) };
  });
  expect(result).toEqual({ spoke: true, reported: true });
});

test("a player that was closed, or whose context was, leaves no promise pending", async () => {
  const wrong = await inPage(async () => {
    const { Player } = globalThis.pocket;
    const tts = await globalThis.load();
    const samples = globalThis.sine(2_400);
    const text = "Hello there. ".repeat(10);
    const closed = async () => {
      const player = new Player();
      await player.write(samples, 24_000);
      await player.close();
      return player;
    };
    const sounding = (player: InstanceType<typeof Player>) =>
      new Promise<void>((resolve) => {
        player.onposition = () => resolve();
      });
    const during = async (close: (player: InstanceType<typeof Player>) => Promise<void>) => {
      const player = new Player();
      const spoken = tts.speak(text, { player });
      await sounding(player).then(() => close(player));
      await spoken;
    };
    const contextClosed = async () => {
      const player = new Player();
      await player.write(globalThis.sine(48_000), 24_000);
      const over = player.end();
      await player.context.close();
      await over;
      await player.close();
    };
    const disposed = async () => {
      const other = await globalThis.load();
      const player = new Player();
      const spoken = other.speak("Hello there. ".repeat(40), { player });
      await sounding(player).then(() => other.dispose());
      await spoken;
    };
    const wrong = await globalThis.tryAll([
      [async () => (await closed()).close(), "works"],
      [async () => (await closed()).end(), "works"],
      [async () => (await closed()).write(samples, 24_000), "Unsupported", "it was closed; make a new Player"],
      [async () => tts.speak(text, { player: await closed() }), "Unsupported", "it was closed"],
      [contextClosed, "works"],
      [() => during((player) => player.close()), "Unsupported", "it was closed"],
      [() => during((player) => player.context.close()), "Unsupported", "its AudioContext is closed"],
      [disposed, "Disposed"],
      [() => tts.speak("A."), "works"],
    ]);
    await tts.dispose();
    return wrong;
  });
  expect(wrong).toEqual([]);
});

test("a listener of a player may write again, and waits for what it wrote", async () => {
  const early = await inPage(async () => {
    const { Player } = globalThis.pocket;
    const early: string[] = [];
    const again = async (
      name: string,
      begin: (player: InstanceType<typeof Player>, go: () => void) => Promise<void>,
    ) => {
      const player = new Player();
      const second = new Promise<void>((resolve) => {
        const go = () => {
          player.onended = player.onstate = undefined;
          void player.write(globalThis.sine(6_000), 24_000);
          resolve(player.end());
        };
        void player.write(globalThis.sine(2_400), 24_000).then(() => begin(player, go));
      });
      await second;
      if (player.state !== "idle" || player.buffered > 0) {
        early.push(name);
      }
      await player.close();
    };
    await again("onended", async (player, go) => {
      player.onended = go;
      await player.end();
    });
    await again("onstate", async (player, go) => {
      player.onstate = (state) => state === "idle" && go();
      await player.end();
    });
    await again("stop", async (player, go) => {
      player.onstate = (state) => state === "idle" && go();
      player.stop();
    });
    return early;
  });
  expect(early).toEqual([]);
});

test("marks and samples are as they were when they were given", async () => {
  const result = await inPage(async () => {
    const { Player, Speech } = globalThis.pocket;
    const player = new Player();
    const heard = new Set<string | undefined>();
    player.onposition = (_, mark) => heard.add(mark?.text);
    const mark = { text: "" };
    for (const text of ["one", "two", "three"]) {
      mark.text = text;
      await player.write(globalThis.sine(6_000), 24_000, mark);
    }
    await player.end();
    const samples = globalThis.sine(100);
    const moved = globalThis.sine(100);
    const speech = await (await globalThis.load()).generate("A.");
    structuredClone(0, { transfer: [moved.buffer, speech.audio.buffer] });
    const any = (value: unknown) => value as never;
    const write = (samples: unknown, mark?: unknown) => player.write(any(samples), 24_000, any(mark));
    let reads = 0;
    const wrong = await globalThis.tryAll([
      [
        () =>
          write(samples, {
            get text() {
              if (reads++ > 0) throw new Error("mine");
              return "a";
            },
          }),
        "Options",
        "the mark cannot be read: mine",
      ],
      [
        () =>
          write(
            new Proxy([0, 0], {
              get() {
                throw new Error("mine");
              },
            }),
          ),
        "Audio",
        "samples cannot be read: mine",
      ],
      [() => write(moved), "Audio", "samples cannot be read: their memory was transferred"],
      [() => speech.toWav(), "Audio", "the samples of this speech were transferred"],
      [() => speech.toBlob(), "Audio", "the samples of this speech were transferred"],
      [() => speech.toBlob("audio/flac"), "Audio", "the samples of this speech were transferred"],
      [() => void new Speech(any(undefined), 24_000, any({})), "Audio", "the parts of a speech"],
      [() => void new Speech(any([[0]]), 24_000, any({})), "Audio", "an array of Float32Arrays"],
      [() => void new Speech([samples], Number.NaN, any({})), "Audio", "sampleRate must be"],
    ]);
    await player.close();
    return { wrong, heard: [...heard] };
  });
  expect(result).toEqual({ wrong: [], heard: ["one", "two", "three"] });
});

test("nothing from JavaScript makes the wasm module fail", async () => {
  const wrong = await inPage(async () => {
    const path = "/package/wasm/simd/pocket_onnx.js";
    const wasm = await globalThis.part<typeof import("../wasm/simd/pocket_onnx.js")>("../wasm/simd/pocket_onnx.js");
    await wasm.default({ module_or_path: path.replace(".js", "_bg.wasm") });
    const at = (name: string) => fetch(`/models/english_2m_default/${name}`);
    const text = await (await at("manifest.json")).text();
    const manifest = JSON.parse(text);
    const tokenizer = new Uint8Array(await (await at(manifest.tokenizer.file.name)).arrayBuffer());
    const checked = new wasm.CheckedManifest(text);
    const model = new wasm.Model(checked, tokenizer);
    const engine = new wasm.Engine(manifest.components.flow_net.format);
    const { name, size } = manifest.components.flow_net.data;
    const bytes = new wasm.Bytes(size);
    const { memory } = await wasm.default({ module_or_path: path.replace(".js", "_bg.wasm") });
    const [data, pointer] = [new Uint8Array(await (await at(name)).arrayBuffer()), bytes.pointer];
    new Uint8Array(memory.buffer, pointer, size).set(data);
    const flowNet = engine.load(checked, "flow_net", bytes);
    const any = (value: unknown) => value as never;
    const f32 = (shape: unknown, data: unknown) => any({ dtype: "f32", shape, data });
    const forged = Object.create(Float32Array.prototype);
    const throwing = new Proxy(
      {},
      {
        get() {
          throw new Error("mine");
        },
        ownKeys() {
          throw new Error("mine");
        },
      },
    );
    const values: unknown[] = [
      5,
      Number.NaN,
      -1,
      true,
      null,
      undefined,
      "x",
      5n,
      Symbol("a"),
      {},
      [],
      [1],
      { length: 1e9 },
      () => 5,
      new Date(),
      new String("x"),
      forged,
      throwing,
      new Proxy([], {}),
      new Float32Array(3),
      new ArrayBuffer(8),
      new DataView(new ArrayBuffer(8)),
      { shape: [1], data: new Float32Array(1) },
      Object.create(null),
      new Float64Array(2),
      2 ** 32 + 5,
      1e300,
      "\ud800",
    ];
    const inputs = () => flowNet.run(any({ x: f32([1, 32], new Float32Array(32)) }));
    const calls: [string, (value: unknown) => unknown][] = [
      ["CheckedManifest", (value) => new wasm.CheckedManifest(any(value)).free()],
      ["Model manifest", (value) => new wasm.Model(any(value), tokenizer)],
      ["Model tokenizer", (value) => new wasm.Model(checked, any(value))],
      ["utterance text", (value) => model.utterance(any(value), {})],
      ["utterance options", (value) => model.utterance("A.", any(value))],
      ["utterance seed", (value) => model.utterance("A.", any({ seed: value }))],
      ["utterance temperature", (value) => model.utterance("A.", any({ temperature: value }))],
      ["noise", (value) => model.utterance("A.", {}).withNoise(any(value))],
      ["supply", (value) => model.utterance("A.", {}).supply(any(value))],
      ["latent", (value) => checked.decoding().latent(any(value))],
      ["audio", (value) => checked.decoding().audio(any(value))],
      ["prompt", (value) => model.prompt(any(value))],
      ["fromWav", (value) => wasm.Recording.fromWav(any(value))],
      ["fromChannels", (value) => wasm.Recording.fromChannels(any(value), 24_000)],
      ["fromChannels rate", (value) => wasm.Recording.fromChannels([new Float32Array(9).fill(0.5)], any(value))],
      ["readVoice", (value) => model.readVoice(any(value))],
      ["fromStates", (value) => wasm.Voice.fromStates(model, any(value), 0)],
      ["fromStates position", (value) => wasm.Voice.fromStates(model, any({}), any(value))],
      ["Bytes", (value) => new wasm.Bytes(any(value)).free()],
      ["formats", (value) => new wasm.Engine(any(value)).free()],
      ["trusting", (value) => wasm.Engine.trusting(any(value)).free()],
      ["load component", (value) => engine.load(checked, any(value), new wasm.Bytes(8))],
      ["load weights", (value) => engine.load(checked, "flow_net", any(value))],
      ["load model", (value) => engine.load(any(value), "flow_net", new wasm.Bytes(8))],
      ["run", (value) => flowNet.run(any(value))],
      ["run x", (value) => flowNet.run(any({ x: value }))],
      ["run shape", (value) => flowNet.run(any({ x: f32(value, new Float32Array(32)) }))],
      ["run size", (value) => flowNet.run(any({ x: f32([1, value], new Float32Array(32)) }))],
      ["run data", (value) => flowNet.run(any({ x: f32([1, 32], value) }))],
      ["state", (value) => flowNet.state(any(value))],
      ["setState", (value) => flowNet.setState(any(value), f32([1], new Float32Array(1)))],
      ["setState value", (value) => flowNet.setState("x", any(value))],
      ["setPosition", (value) => flowNet.setPosition(any(value))],
    ];
    const wrong: string[] = [];
    for (const [name, call] of calls) {
      for (const [index, value] of values.entries()) {
        try {
          call(value);
        } catch (error) {
          // Numbers and classes are checked by the glue, which throws plain errors.
          const { name: kind, message } = error as Error;
          const ours =
            /^(Manifest|Text|Tokenizer|Voice|Audio|Options|NoEncoder|NoComponent|Tensor|Runtime|Memory|Value)$/;
          const glue =
            /expected instance of|Cannot convert|not iterable|mine|null pointer|Cannot mix|incompatible receiver/;
          if (error instanceof WebAssembly.RuntimeError || !(ours.test(kind) || glue.test(message))) {
            wrong.push(`${name}, value ${index}: ${kind}: ${message}`);
          }
        }
      }
    }
    // Nothing is left in a state that it cannot be used in.
    try {
      model.utterance("Hello.", {}).nextAction();
    } catch (error) {
      wrong.push(`afterwards: ${error}`);
    }
    const after = String(
      await Promise.resolve()
        .then(inputs)
        .catch((error) => error),
    );
    if (!/needs an input/.test(after)) {
      wrong.push(`afterwards: ${after}`);
    }
    return wrong;
  });
  expect(wrong).toEqual([]);
});
