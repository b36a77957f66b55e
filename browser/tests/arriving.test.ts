/** Texts that arrive in pieces, in a page. */

import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Browser, launch } from "./support/chromium.js";
import { openPage, servePackage } from "./support/page.js";
import type { Server } from "./support/server.js";

type PocketTTS = import("../src/index.js").PocketTTS;
type SpeakOptions = import("../src/index.js").SpeakOptions;
type TextSource = import("../src/index.js").TextSource;
type SpeechChunk = import("../src/index.js").SpeechChunk;

/** What the tests find in the page. */
interface Scope {
  tts: PocketTTS;
  /** All of a speech: samples, texts, words, and the error that ended it. */
  all(text: TextSource, options?: SpeakOptions): Promise<Said>;
  /** What gives these pieces, one after the other. */
  pieces(list: readonly (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array>;
  wait(milliseconds: number): Promise<void>;
}

interface Said {
  audio: number[];
  texts: string[];
  places: [number, number][];
  words: string[];
  error: string | undefined;
}

let browser: Browser;
let server: Server;
let page: Page;

beforeAll(async () => {
  browser = await launch();
  server = await servePackage(true);
});

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

beforeEach(async () => {
  page = await openPage(browser.context, server);
  await page.evaluate(async () => {
    const tts = await globalThis.pocket.PocketTTS.fromPretrained("/models/english_2m_default");
    const wait = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));
    async function* pieces(list: readonly (string | Uint8Array)[]) {
      for (const piece of list) {
        yield piece;
      }
    }
    const all = async (text: TextSource, options: SpeakOptions = {}): Promise<Said> => {
      const said: Said = { audio: [], texts: [], places: [], words: [], error: undefined };
      try {
        for await (const chunk of tts.stream(text, { seed: 1, eosThreshold: -1000, ...options })) {
          said.audio.push(...chunk.audio);
          said.words.push(...chunk.words.map(({ text: word }) => word));
          if (chunk.text !== "" && chunk.from !== said.places.at(-1)?.[0]) {
            said.texts.push(chunk.text);
            said.places.push([chunk.from, chunk.to]);
          }
        }
      } catch (error) {
        said.error = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      }
      return said;
    };
    Object.assign(globalThis, { tts, wait, pieces, all } satisfies Scope);
  });
});

afterEach(() => page.close());

test("a text in pieces is the text: of strings, of bytes, from any kind of source", async () => {
  const cases = await page.evaluate(async () => {
    const { all, pieces, tts } = globalThis as unknown as Scope;
    const text = "It costs $3.14, or 👾 e.g. [pause 100ms] 1,024.\r\nDr. Who? “Yes.”";
    const bytes = new TextEncoder().encode(text);
    const found = [];
    for (const normalize of [false, "english"] as const) {
      const options = { normalize, words: tts.tellsWords };
      const whole = await all(text, options);
      const written = new globalThis.pocket.TextStream();
      const spoken = all(written, options);
      for (const unit of text.split("")) await written.push(unit);
      written.close();
      const sources: [string, Said][] = [
        ["TextStream by units", await spoken],
        ["letters", await all(pieces(Array.from(text)), options)],
        // Halves of a character.
        ["units", await all(pieces(text.split("")), options)],
        ["bytes", await all(pieces(Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))), options)],
        ["stream of bytes", await all(new Blob([bytes]).stream(), options)],
        ["response", await all(new Response(text).body!.pipeThrough(new TextDecoderStream()), options)],
      ];
      for (const [name, said] of sources) {
        found.push({ name, normalize, said: JSON.stringify(said), whole: JSON.stringify(whole) });
      }
    }
    return found;
  });
  for (const { name, normalize, said, whole } of cases) {
    expect(JSON.parse(whole).error).toBeUndefined();
    expect(said === whole, `${name}, ${normalize}`).toBe(true);
  }
});

test("each sentence is heard as soon as it is complete, whatever follows", async () => {
  const { texts, slices, error } = await page.evaluate(async () => {
    const { tts } = globalThis as unknown as Scope;
    const text = new globalThis.pocket.TextStream();
    const stream = tts.stream(text, { normalize: "english", flushAfter: 0.5, eosThreshold: -1000 });
    const texts: string[] = [];
    let given = "";
    const slices: string[] = [];
    const next = async () => {
      for (;;) {
        const { value, done } = await stream.next();
        if (done || value === undefined) return;
        if (texts.at(-1) === value.text) continue;
        texts.push(value.text);
        slices.push(given.slice(value.from, value.to));
        return;
      }
    };
    const push = (piece: string) => ((given += piece), text.push(piece));
    // A whole sentence, then one by its mark, one by a flush, one by silence, and one by the end.
    await push("It is $5. And");
    await next();
    await push(" a second one!");
    await next();
    await push(" A third");
    text.flush();
    await next();
    await push(" and a fourth");
    await next();
    await push(" The fifth");
    text.close();
    await next();
    await next();
    let error: unknown;
    await text.push("more").catch((caught: unknown) => (error = caught));
    return { texts, slices, error: String(error) };
  });
  expect(texts).toEqual(["It is five dollars.", "And a second one!", "A third.", "And a fourth.", "The fifth."]);
  expect(slices).toEqual(["It is $5.", "And a second one!", "A third", "and a fourth", "The fifth"]);
  expect(error).toContain("this text is no longer being spoken");
});

test("an error of a source is thrown after the speech before it, and the source is left at once", async () => {
  const found = await page.evaluate(async () => {
    const { all, pieces, tts, wait } = globalThis as unknown as Scope;
    async function* failing(text: string) {
      yield* pieces([text]);
      throw new RangeError("the model is tired");
    }
    const broken = await all(failing("One is said. Two is n"));
    const nothing = await all(failing("No"));
    const number = await all(pieces(["One is said. ", 5 as unknown as string]));
    const bytes = await all(pieces([new Uint8Array([72, 105, 46, 32, 0xff, 46])]));
    const aborted = new globalThis.pocket.TextStream();
    const spoken = all(aborted);
    void aborted.push("One is said. Tw");
    aborted.abort(new Error("enough"));
    const empty = await all(pieces(["", " ", "\n"]));
    // Left in the middle of a read, of a source that never ends.
    let left = 0;
    const endless: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => (await wait(5), { done: false, value: "And so it goes. " }),
        return: async () => (left++, { done: true, value: undefined }),
      }),
    };
    for await (const _ of tts.stream(endless)) break;
    const silent = new ReadableStream<string>({ cancel: () => void left++ });
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("stop")), 50);
    const stopped = await all(silent, { signal: controller.signal });
    // In the middle of a push.
    const text = new globalThis.pocket.TextStream();
    const second = new AbortController();
    const cut = all(text, { signal: second.signal });
    const pushed = text.push("on and ".repeat(100_000)).then(
      () => "taken",
      (error: Error) => error.message,
    );
    setTimeout(() => second.abort(new Error("stop")), 100);
    const after = await all("It goes on.");
    return {
      errors: [broken, nothing, number, bytes, await spoken, empty, stopped, await cut].map(({ error }) => error),
      texts: [broken, nothing, number, bytes, await spoken].map(({ texts }) => texts.join("|")),
      left,
      pushed: await pushed,
      after: after.texts,
    };
  });
  expect(found.errors).toEqual([
    "RangeError: the model is tired",
    "RangeError: the model is tired",
    "PocketTTSError: the pieces of a text must be strings, or bytes in UTF-8",
    "PocketTTSError: line 1 is not UTF-8 at byte 5: save the text as UTF-8",
    "Error: enough",
    "PocketTTSError: the text is empty: there is nothing to say",
    "Error: stop",
    "Error: stop",
  ]);
  expect(found.texts.slice(0, 3)).toEqual(["One is said.", "", "One is said."]);
  expect(found.texts[4]).toBe("One is said.");
  expect(found.left).toBe(2);
  expect(found.pushed).toBe("this text is no longer being spoken");
  expect(found.after).toEqual(["It goes on."]);
});

test("a text is asked for only as it can be spoken, and ten megabytes take no memory", async () => {
  const { read, pushed, before, after, spoken } = await page.evaluate(async () => {
    const { tts, wait } = globalThis as unknown as Scope;
    let read = 0;
    async function* endless() {
      for (;;) {
        read += 32;
        yield "It costs $5, and so it goes on. ";
      }
    }
    const speak = async (text: TextSource, until: () => Promise<void>) => {
      const stream = tts.stream(text, { normalize: "english", eosThreshold: -1000 });
      const first: SpeechChunk | void = (await stream.next()).value;
      await until();
      await stream.return();
      return first?.text ?? "";
    };
    // Twice: an utterance may begin before what the last one held is freed.
    const short = "It costs $5, and so it goes on. ".repeat(300);
    await speak(short, () => wait(300));
    await speak(short, () => wait(300));
    const before = tts.memory;
    const spoken = [await speak(endless(), () => wait(300))];
    const long = "It costs $5, and so it goes on. ".repeat(330_000);
    spoken.push(await speak(long, () => wait(300)));
    const text = new globalThis.pocket.TextStream();
    let isTaken = false;
    text.push(long).then(
      () => (isTaken = true),
      () => {},
    );
    spoken.push(await speak(text, () => wait(300)));
    return { read, pushed: isTaken, before, after: tts.memory, spoken };
  });
  expect(read).toBeLessThan(400_000);
  expect(pushed).toBe(false);
  expect(after - before).toBeLessThan(2_000_000);
  expect(spoken.every((text) => text.startsWith("It costs five dollars,"))).toBe(true);
});

test("a text is spoken once, one after the other, and aloud", async () => {
  const found = await page.evaluate(async () => {
    const { all, pieces, tts } = globalThis as unknown as Scope;
    const text = new globalThis.pocket.TextStream();
    const first = all(text);
    const twice = await all(text);
    const other = all(pieces(["The other", " one."]));
    await text.push("The first one. ");
    text.close();
    text.close();
    const errors: string[] = [];
    await text.push("x").catch((error: Error) => errors.push(error.message));
    // Nothing waits any more, so that nothing is wrong.
    text.flush();
    await new globalThis.pocket.TextStream()
      .push(5 as unknown as string)
      .catch((error: Error) => errors.push(error.message));
    for (const value of [5, null, {}, ["a"], undefined]) {
      try {
        tts.stream(value as unknown as string);
      } catch (error) {
        errors.push((error as Error).message);
      }
    }
    const speech = await tts.generate(pieces(["Gene", "rated."]));
    const heard = await tts.speak(pieces(["Al", "oud."]));
    return {
      twice: twice.error,
      texts: [(await first).texts, (await other).texts],
      errors,
      seconds: [speech.statistics.seconds > 0, heard.seconds > 0],
    };
  });
  expect(found.twice).toContain("this TextStream is spoken already");
  expect(found.texts).toEqual([["The first one."], ["The other one."]]);
  expect(found.errors.slice(0, 2)).toEqual([
    "the text was closed: nothing can be added",
    "what is pushed must be a string",
  ]);
  const expected = /the text must be a string, a TextStream, a ReadableStream, or an async iterable of strings/;
  expect(found.errors.slice(2)).toHaveLength(5);
  for (const error of found.errors.slice(2)) {
    expect(error).toMatch(expected);
  }
  expect(found.seconds).toEqual([true, true]);
});
