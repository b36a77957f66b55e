/** How fast a bundle speaks in a page, in every browser. `cargo xtask bench page` runs it and reads what it writes. */

import { test } from "vitest";
import { installedBrowsers, openPackage } from "../tests/support/browsers.js";
import { servePackage } from "../tests/support/page.js";
import { isAsked, report, RUNS } from "./asked.js";

const ALL = ["Chromium", "Firefox", "WebKit"];

/** What is measured. */
interface Case {
  bundle: string;
  /** What runs the bundle; `simd128` is the engine's build for browsers without relaxed SIMD. */
  backend: "engine" | "simd128" | "onnxruntime";
  /** Workers. */
  threads: number;
  browsers: readonly string[];
}

const CASES: readonly Case[] = [
  { bundle: "english", backend: "engine", threads: 1, browsers: ALL },
  { bundle: "english", backend: "engine", threads: 2, browsers: ALL },
  { bundle: "english", backend: "simd128", threads: 1, browsers: ["Chromium"] },
  { bundle: "english", backend: "onnxruntime", threads: 1, browsers: ["Chromium"] },
  { bundle: "english_2m", backend: "engine", threads: 1, browsers: ALL },
  { bundle: "english_24l", backend: "engine", threads: 1, browsers: ["Chromium"] },
  { bundle: "english_24l", backend: "engine", threads: 2, browsers: ["Chromium"] },
];
/** About 28 tokens, and some 140 frames at its length limit. */
const TEXT = "The the a to of in is it on as at by we he no so up an or if do my go us me.";
/** A recording of ten seconds is a voice of 125 frames. */
const SECONDS = 10;

/** What one run measures; times in seconds. */
interface Figures {
  cold: number;
  cached: number;
  clone: number;
  first: number;
  realTimeFactor: number;
  /** Milliseconds of a call, by component. */
  parts: Record<string, number>;
  memory: number;
}

/** Measures in the page. */
async function measure([bundle, backend, threads, text, seconds]: readonly [
  string,
  Case["backend"],
  number,
  string,
  number,
]): Promise<Figures> {
  const { PocketTTS } = globalThis.pocket;
  // The package asks the browser this once, to choose a build.
  if (backend === "simd128") WebAssembly.validate = () => false;
  const asked = backend === "onnxruntime" ? backend : "engine";
  const open = () => PocketTTS.fromPretrained(`/models/${bundle}`, { backend: asked, threads });
  const time = async <T>(work: () => Promise<T>): Promise<[number, T]> => {
    const start = performance.now();
    const result = await work();
    return [(performance.now() - start) / 1e3, result];
  };
  const [cold, first] = await time(open);
  await first.dispose();
  const [cached, tts] = await time(open);
  // Noise of changing loudness: nothing that could be cut off as a pause.
  const samples = Float32Array.from({ length: seconds * 24_000 }, (_, i) => {
    return Math.sin(i * i * 1e-5) * (0.3 + 0.2 * Math.sin(i / 3000));
  });
  const recording = { samples, sampleRate: 24_000 };
  // The encoder is fetched at the first time.
  await tts.cloneVoice(recording);
  const [clone, voice] = await time(() => tts.cloneVoice(recording));
  await tts.prepare(voice);
  const options = { voice, seed: 1, eosThreshold: 1e9 };
  const aborted = new AbortController();
  try {
    // The compilers warm up.
    for await (const { statistics } of tts.stream(text, { ...options, signal: aborted.signal })) {
      if (statistics.seconds > 1) break;
    }
  } finally {
    aborted.abort();
  }
  const { statistics } = await tts.generate(text, options);
  const parts = Object.entries(statistics.timings).map(([name, { calls, milliseconds }]) => {
    return [name, milliseconds / calls] as const;
  });
  await tts.dispose();
  return {
    cold,
    cached,
    clone,
    first: statistics.firstSound ?? Number.NaN,
    realTimeFactor: statistics.realTimeFactor ?? 0,
    parts: Object.fromEntries(parts),
    memory: statistics.memory ?? 0,
  };
}

test("speaking in a page", async () => {
  await using server = await servePackage(true);
  const cases = CASES.filter(({ bundle }) => isAsked(bundle)).flatMap(({ browsers, ...what }) =>
    installedBrowsers()
      .filter(({ name }) => browsers.some((it) => it === name))
      .map((kind) => ({ kind, ...what, version: "", runs: [] as Figures[] })),
  );
  for (let run = 0; run < RUNS; run++) {
    for (const it of cases) {
      const { kind, bundle, backend, threads } = it;
      // A browser of its own: nothing is in its cache.
      await using browser = await kind.launch();
      it.version = browser.version;
      const tab = await openPackage(browser, server);
      const measured = await tab.evaluate(measure, [bundle, backend, threads, TEXT, SECONDS] as const);
      it.runs.push(measured);
      console.log(JSON.stringify({ browser: kind.name, bundle, backend, threads, ...measured }));
    }
  }
  await report(
    "page",
    cases.map(({ kind, ...it }) => ({ browser: kind.name, ...it })),
  );
}, 3_600_000);
