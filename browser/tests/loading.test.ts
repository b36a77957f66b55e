/** Loading: from the network, from the browser's Cache, and when either goes wrong. */

import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Browser, launch } from "./support/chromium.js";
import { openPage, servePackage } from "./support/page.js";
import { type Fault, type Server } from "./support/server.js";

let browser: Browser;
let server: Server;
let page: Page;

beforeAll(async () => {
  server = await servePackage(false);
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
});

// A fresh profile: nothing is cached.
beforeEach(async () => {
  browser = await launch();
  page = await openPage(browser.context, server);
  server.reset();
});

afterEach(async () => {
  await browser[Symbol.asyncDispose]();
});

/** Files of the bundle that were asked for. */
function asked(): string[] {
  const models = server.asked.filter((path) => path.startsWith("/models/"));
  return models.map((path) => path.split("/").at(-1) ?? "");
}

/** Loads the bundle and speaks. */
function load(target = page) {
  return target.evaluate(async () => {
    const events: { phase: string; name: string; loaded: number; total: number; source: string }[] = [];
    const notices: { kind: string; message: string }[] = [];
    try {
      const tts = await globalThis.pocket.PocketTTS.fromPretrained("/models/english_2m", {
        onProgress: ({ phase, file }) => void events.push({ phase, ...file }),
        onNotice: (notice) => void notices.push(notice),
      });
      const { audio, statistics } = await tts.generate("Hello.", { seed: 1 });
      await tts.dispose();
      return {
        events,
        notices,
        samples: [...audio.subarray(0, 4000)],
        cacheHit: statistics.cacheHit,
        error: undefined,
      };
    } catch (error) {
      const { kind, message } = error as import("../src/errors.js").PocketTTSError;
      return {
        events,
        notices,
        samples: [],
        cacheHit: false,
        error: { kind, message: message.replaceAll(location.origin, "") },
      };
    }
  });
}

test("a second visit takes everything from Cache Storage", async () => {
  const first = await load();
  expect(first.error).toBeUndefined();
  expect(first.cacheHit).toBe(false);
  const files = new Set(first.events.map((event) => event.name));
  // The engine needs neither graphs nor the encoder.
  expect([...files].sort()).toEqual([
    "flow_lm.onnx.data",
    "flow_net.onnx.data",
    "mimi_decoder.onnx.data",
    "text_conditioner.onnx.data",
    "tokenizer.model",
    "voice.synthetic_1.safetensors",
  ]);
  for (const name of files) {
    const events = first.events.filter((event) => event.name === name);
    const last = events.at(-1);
    expect(last?.loaded, name).toBe(last?.total);
    expect(
      events.every((event, i) => event.loaded > (events[i - 1]?.loaded ?? 0)),
      name,
    ).toBe(true);
  }
  server.reset();
  const second = await load();
  expect(second.cacheHit).toBe(true);
  expect(second.samples).toEqual(first.samples);
  expect(second.events.every((event) => event.source === "cache")).toBe(true);
  expect(asked()).toEqual(["manifest.json"]);
});

test("without a network the manifest is the one last seen", async () => {
  await load();
  const text = () =>
    page.evaluate(async () => {
      const { manifestText } = await globalThis.part<typeof import("../src/loading/bundle.js")>("loading/bundle.js");
      const folder = (name: string) => `${location.origin}/models/${name}/`;
      const ask = (name: string) =>
        manifestText(folder(name), undefined).catch((error) => [
          error.kind,
          error.message.replaceAll(location.origin, ""),
        ]);
      return [await ask("english_2m"), await ask("tiny_2m")];
    });
  const [online] = await text();
  await browser.context.setOffline(true);
  expect(await text()).toEqual([online, ["Network", "cannot fetch /models/tiny_2m/manifest.json: no answer"]]);
});

test("a damaged file in Cache Storage is fetched again", async () => {
  const first = await load();
  await page.evaluate(async () => {
    const cache = await caches.open("pocket-onnx");
    const requests = await cache.keys();
    const sizes = await Promise.all(
      requests.map(async (request) => (await (await cache.match(request))?.arrayBuffer())?.byteLength ?? 0),
    );
    // The largest by another content of the same size, the next by a shorter one.
    const order = requests.map((request, i) => ({ request, size: sizes[i] ?? 0 })).sort((a, b) => b.size - a.size);
    const [largest, next] = order;
    if (largest && next) {
      const headers = (await cache.match(largest.request))?.headers ?? new Headers();
      await cache.put(largest.request, new Response(new Uint8Array(largest.size), { headers }));
      await cache.put(next.request, new Response(new Uint8Array(100)));
    }
  });
  server.reset();
  const healed = await load();
  expect(healed.error).toBeUndefined();
  expect(healed.samples).toEqual(first.samples);
  expect(healed.notices.map((notice) => notice.kind)).toEqual(["damaged", "damaged"]);
  expect(asked().sort()).toEqual(["flow_lm.onnx.data", "manifest.json", "mimi_decoder.onnx.data"]);
  server.reset();
  expect((await load()).cacheHit).toBe(true);
  expect(asked()).toEqual(["manifest.json"]);
});

const FAULTS: [Fault, string, string][] = [
  ["missing", "Http", "cannot fetch /models/english_2m/flow_lm.onnx.data: the server says 404 Not Found"],
  [
    "page",
    "WrongType",
    "cannot fetch /models/english_2m/flow_lm.onnx.data: the server sends a web page (text/html) in place of the file",
  ],
  ["truncated", "Size", "/models/english_2m/flow_lm.onnx.data has "],
  ["broken", "Size", "the download of /models/english_2m/flow_lm.onnx.data was interrupted after "],
  ["other-bytes", "Digest", "/models/english_2m/flow_lm.onnx.data has SHA-256 "],
];

for (const [fault, kind, message] of FAULTS) {
  test(`a file that is ${fault} is reported`, async () => {
    server.fail("flow_lm.onnx.data", fault);
    const failed = await load();
    expect(failed.error?.kind).toBe(kind);
    expect(failed.error?.message).toContain(message);
    const isDamage = kind === "Size" || kind === "Digest";
    expect(asked().filter((name) => name === "flow_lm.onnx.data").length).toBe(isDamage ? 2 : 1);

    // Once is no harm where a second attempt makes sense.
    server.reset();
    server.fail("flow_lm.onnx.data", fault, 1);
    const once = await load();
    expect(once.error?.kind).toBe(isDamage ? undefined : kind);
    expect(once.notices.map((notice) => notice.kind)).toEqual(isDamage ? ["damaged"] : []);
  });
}

test("a file that is not a manifest is reported", async () => {
  server.fail("manifest.json", "missing");
  expect((await load()).error?.message).toBe(
    "cannot fetch /models/english_2m/manifest.json: the server says 404 Not Found: the address must be that of a " +
      "bundle's folder, which `pocket-onnx convert` writes",
  );
  server.reset();
  server.fail("manifest.json", "broken");
  const { error } = await load();
  expect(error).toEqual({
    kind: "Network",
    message: "cannot fetch /models/english_2m/manifest.json: the download was interrupted",
  });
  server.reset();
  server.fail("manifest.json", "page");
  expect((await load()).error?.kind).toBe("WrongType");
  server.reset();
  server.fail("manifest.json", "truncated");
  expect((await load()).error?.kind).toBe("Manifest");
});

test("a full browser is no error", async () => {
  const devtools = await browser.context.newCDPSession(page);
  await devtools.send("Storage.overrideQuotaForOrigin", { origin: new URL(server.url).origin, quotaSize: 1_000_000 });
  const spoken = await load();
  expect(spoken.error).toBeUndefined();
  expect(spoken.samples.length).toBe(4000);
  const kinds = new Set(spoken.notices.map((notice) => notice.kind));
  expect([...kinds]).toEqual(["quota"]);
  expect(spoken.notices[0]?.message).toContain("the browser has no room to store ");
});

test("old versions are evicted, and those of other bundles stay", async () => {
  await load();
  const result = await page.evaluate(async () => {
    const cache = await caches.open("pocket-onnx");
    const contents = async () =>
      (await cache.keys()).filter((request) => request.url.includes("sha256.invalid")).length;
    await cache.put("https://sha256.invalid/0123", new Response("an old version"));
    const before = await contents();
    const tts = await globalThis.pocket.PocketTTS.fromPretrained("/models/tiny_english");
    await tts.dispose();
    // The deletion is not awaited by the library.
    while ((await cache.match("https://sha256.invalid/0123")) !== undefined)
      await new Promise((go) => setTimeout(go, 10));
    const voices = await contents();
    await (await globalThis.pocket.PocketTTS.fromPretrained("/models/english_2m")).dispose();
    return { before, voices, after: await contents() };
  });
  // Five files of the other bundle came, and the old version went.
  expect(result.voices).toBe(result.before + 5 - 1);
  expect(result.after).toBe(result.voices);
  expect((await load()).cacheHit).toBe(true);
});

test("files are asked for before the module runs, and the module once for both workers", async () => {
  const names = () => server.asked.map((path) => path.split("/").at(-1) ?? "");
  const release = server.hold("pocket_onnx_bg.wasm");
  const speaking = page.evaluate(async () => {
    const tts = await globalThis.pocket.PocketTTS.fromPretrained("/models/english_2m", { threads: 2 });
    const { audio } = await tts.generate("Hello.", { seed: 1 });
    const { workers } = tts.statistics;
    await tts.dispose();
    return { workers, samples: audio.length };
  });
  const files = ["flow_lm.onnx.data", "flow_net.onnx.data", "mimi_decoder.onnx.data", "text_conditioner.onnx.data"];
  await expect.poll(names, { timeout: 20_000 }).toEqual(expect.arrayContaining([...files, "tokenizer.model"]));
  release();
  const spoken = await speaking;
  expect(spoken.workers).toBe(2);
  expect(spoken.samples).toBeGreaterThan(0);
  expect(names().filter((name) => name === "pocket_onnx_bg.wasm")).toHaveLength(1);
});

test("a module that does not come is reported", async () => {
  server.fail("pocket_onnx_bg.wasm", "missing");
  expect((await load()).error).toEqual({
    kind: "Http",
    message: expect.stringMatching(
      /^cannot fetch \/package\/wasm\/\w+\/pocket_onnx_bg.wasm: the server says 404 Not Found$/,
    ),
  });
  server.reset();
  server.fail("pocket_onnx_bg.wasm", "page");
  expect((await load()).error?.kind).toBe("WrongType");
  server.reset();
  server.fail("pocket_onnx_bg.wasm", "truncated");
  expect((await load()).error?.kind).toBe("Runtime");
  // The next one works.
  server.reset();
  expect((await load()).error).toBeUndefined();
});

test("several pages at once do no harm", async () => {
  const pages = [page, await openPage(browser.context, server), await openPage(browser.context, server)];
  const all = await Promise.all(pages.map((one) => load(one)));
  expect(all.map((one) => one.error)).toEqual([undefined, undefined, undefined]);
  expect(all[1]?.samples).toEqual(all[0]?.samples);
  expect(all[2]?.samples).toEqual(all[0]?.samples);
  expect((await load()).cacheHit).toBe(true);
});

test("an abort ends loading", async () => {
  const result = await page.evaluate(async () => {
    const control = new AbortController();
    const loading = globalThis.pocket.PocketTTS.fromPretrained("/models/english_2m", {
      signal: control.signal,
      onProgress: () => control.abort(),
    });
    return loading.then(
      () => "loaded",
      (error: Error) => error.name,
    );
  });
  expect(result).toBe("AbortError");
});

test("a bundle in another format than was asked for is refused before its weights are fetched", async () => {
  const found = await page.evaluate(async () => {
    const open = (dtype: "f32" | "q8", name: string) =>
      globalThis.pocket.PocketTTS.fromPretrained(`/models/${name}`, { dtype }).then(
        (tts) => tts.dispose(),
        (error) => [error.constructor.name, error.kind, error.message],
      );
    return [
      await open("f32", "english_2m_default"),
      await open("q8", "english_2m_default"),
      await open("f32", "english_2m"),
    ];
  });
  const message = "the weights of this bundle are q8, not f32: take another one, or convert it with --dtype f32";
  expect(found).toEqual([["PocketTTSError", "Options", message], undefined, undefined]);
  expect(asked().slice(0, 2)).toEqual(["manifest.json", "manifest.json"]);
});

test("no part of a backend loads unless it is chosen", async () => {
  await load();
  expect(server.asked.filter((path) => path.includes("/onnxruntime/"))).toEqual([]);
  const devices = await page.evaluate(() =>
    globalThis.pocket.PocketTTS.fromPretrained("/models/english_2m", { device: "webgpu" }).catch((error) => [
      error.kind,
      error.message,
    ]),
  );
  expect(devices).toEqual(["Unsupported", "the device webgpu is not supported: leave it out"]);
});
