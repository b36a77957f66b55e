/** With the recorded noise and voice, the recorded steps come out: in the page, in both backends. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { TINY } from "./support/bundles.js";
import { type Browser, launch } from "./support/chromium.js";
import { openPage, servePackage } from "./support/page.js";
import type { Server } from "./support/server.js";

/** What the records speak. */
const TEXT = "Hello world. I am a synthetic checkpoint, and this sentence fixes my tokens.";
const TOLERANCE = 2e-5;

/** What runs them, and the instructions that it has to choose from. */
const RUNNERS = [
  { backend: "engine", relaxed: true, instructions: /^relaxed SIMD/ },
  { backend: "engine", relaxed: false, instructions: /^SIMD128$/ },
  { backend: "onnxruntime", relaxed: true, instructions: /^none$/ },
] as const;

let browser: Browser;
let server: Server;

beforeAll(async () => {
  browser = await launch();
  server = await servePackage(true);
});

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

for (const model of TINY) {
  for (const { backend, relaxed, instructions } of RUNNERS) {
    test(`${model} in ${backend}${relaxed ? "" : ", without relaxed SIMD"}`, async () => {
      const page = await openPage(browser.context, server);
      if (!relaxed) {
        // As in a browser that does not have it.
        await page.evaluate(() => {
          WebAssembly.validate = () => false;
        });
      }
      const result = await page.evaluate(speakRecorded, { model, backend, text: TEXT });
      await page.close();
      const wrong = Object.entries(result.differences).filter(([, value]) => !(value <= TOLERANCE));
      console.log(`${model} in ${backend}: ${Math.max(...Object.values(result.differences))}`);
      expect(wrong).toEqual([]);
      expect(result.frames).toBeGreaterThan(2);
      expect(result.instructions).toMatch(instructions);
      // The tokens of the records, in the model's own vocabulary.
      expect(result.ids).toEqual(result.recordedIds);
    });
  }
}

/** Runs in the page: the package's inner parts, with the recorded noise. */
async function speakRecorded({ model, backend, text }: { model: string; backend: string; text: string }) {
  const { part } = globalThis;
  const { bestBuild, compile } = await part<typeof import("../src/loading/module.js")>("loading/module.js");
  const { startModule, withEngine } = await part<typeof import("../src/worker/module.js")>("worker/module.js");
  const { Engine } = await part<typeof import("../src/worker/engine.js")>("worker/engine.js");
  const { OnnxRuntime } = await part<typeof import("../src/worker/onnxruntime.js")>("worker/onnxruntime.js");
  const { BundleFiles } = await part<typeof import("../src/loading/bundle.js")>("loading/bundle.js");
  const { weightFormats } = await part<typeof import("../src/loading/needed.js")>("loading/needed.js");

  type Floats = Record<string, { shape: number[]; data: Float32Array | BigInt64Array }>;
  const record = async (name: string): Promise<Floats> => {
    const response = await fetch(`/records/${model}/${name}.safetensors`);
    const bytes = await response.arrayBuffer();
    const length = Number(new DataView(bytes).getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 8, length)));
    const floats: Floats = {};
    for (const [key, value] of Object.entries<{ dtype: string; shape: number[]; data_offsets: number[] }>(header)) {
      if (key === "__metadata__") continue;
      const [start = 0, end = 0] = value.data_offsets;
      const part = bytes.slice(8 + length + start, 8 + length + end);
      if (value.dtype === "F32") floats[key] = { shape: value.shape, data: new Float32Array(part) };
      if (value.dtype === "I64") floats[key] = { shape: value.shape, data: new BigInt64Array(part) };
    }
    return floats;
  };
  const values = (floats: Floats, key: string) => {
    const found = floats[key]?.data;
    if (!(found instanceof Float32Array)) throw new Error(`the record has no ${key}`);
    return found;
  };

  const compiled = await compile(bestBuild());
  const own = await startModule(compiled);
  const folder = new URL(`/models/${model}/`, location.href).href;
  const manifestText = await (await fetch(`${folder}manifest.json`)).text();
  const manifest = JSON.parse(manifestText) as import("../src/manifest.js").Manifest;
  const withOwn = backend === "engine" ? await withEngine(own, weightFormats(manifest)) : undefined;
  const module = withOwn ?? own;
  const files = new BundleFiles(folder, () => {});
  const checked = new module.wasm.CheckedManifest(manifestText);
  const speech = new module.wasm.Model(checked, await files.bytes(manifest.tokenizer.file, "model"));
  const runtime =
    withOwn === undefined
      ? await OnnxRuntime.start(files, 2)
      : new Engine(own, files, Promise.resolve({ module: withOwn, manifest: checked }));
  const streams: Record<string, import("../src/worker/runtime.js").Stream> = {};
  for (const [name, component] of Object.entries(manifest.components)) {
    streams[name] = await runtime.load(name, component, "model");
  }
  const run = async (name: string, inputs: import("../src/tensor.js").Tensors) => {
    const outputs = await streams[name]?.run(inputs);
    if (outputs === undefined) throw new Error(`no ${name}`);
    return outputs;
  };

  const differences: Record<string, number> = {};
  const compare = (what: string, actual: unknown, expected: Float32Array) => {
    if (!(actual instanceof Float32Array) || actual.length !== expected.length) {
      differences[what] = Number.NaN;
      return;
    }
    const largest = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    const worst = expected.reduce((max, value, i) => Math.max(max, Math.abs(value - (actual[i] ?? 0))), 0);
    differences[what] = worst / largest;
  };

  // The encoder: from the recorded sound to the recorded prompt.
  const encoder = await record("encoder");
  const [audio, prompt] = [values(encoder, "wav"), values(encoder, "prompt")];
  const encoded = await run("mimi_encoder", {
    audio: { dtype: "f32", shape: [1, 1, audio.length], data: audio },
  });
  compare("encoder, prompt", encoded["prompt"]?.data, prompt);

  // The voice, by way of the recorded prompt.
  const [, , width = 0] = encoded["prompt"]?.shape ?? [];
  const steps = await record("steps");
  const ldim = values(steps, "0.noise").length;
  await run("flow_lm", {
    embeddings: { dtype: "f32", shape: [1, prompt.length / width, width], data: prompt },
    latents: { dtype: "f32", shape: [1, 0, ldim], data: new Float32Array() },
  });

  let count = 0;
  while (steps[`${count}.noise`] !== undefined) count += 1;
  const noise = new Float32Array(count * ldim);
  for (let i = 0; i < count; i++) noise.set(values(steps, `${i}.noise`), i * ldim);
  // The texts of the records were tokenized as they are.
  const utterance = speech.utterance(text, { maxTokens: 100 }).withNoise(noise);
  const decoding = checked.decoding();
  const sound: number[] = [];
  let ids: string[] = [];
  for (let frame = 0; frame < count; ) {
    const action = utterance.nextAction();
    if (action.kind === "run") {
      const { component, inputs } = action.call;
      if (component === "text_conditioner") ids = [...(inputs["token_ids"]?.data ?? [])].map(String);
      const outputs = await run(component, inputs);
      if (component === "flow_lm") {
        compare(`step ${frame}, conditioning`, outputs["conditioning"]?.data, values(steps, `${frame}.backbone`));
        compare(`step ${frame}, eos_logit`, outputs["eos_logit"]?.data, values(steps, `${frame}.eos_logit`));
      }
      utterance.supply(outputs);
    } else if (action.kind === "emit" && action.event.kind === "latent") {
      const latent = action.event.values;
      compare(`step ${frame}, latent`, latent, values(steps, `${frame}.latent`));
      const call = decoding.latent(latent);
      if (call) sound.push(...decoding.audio(await run(call.component, call.inputs)));
      frame += 1;
    } else if (action.kind === "done") {
      throw new Error("the utterance ends before the record");
    }
  }
  const rest = decoding.rest();
  if (rest) sound.push(...decoding.audio(await run(rest.component, rest.inputs)));
  // The recorded sound begins with these latents, and is not faded in.
  const decoder = values(await record("decoder"), "audio").slice(0, sound.length);
  const faded = decoder.map((sample, i) => (i < 120 ? (sample * i) / 119 : sample));
  compare("sound", Float32Array.from(sound), faded);

  const recorded = await record("text");
  const recordedIds = [...(recorded["token_ids"]?.data ?? [])].map(String);
  const instructions = withOwn?.engine.instructions.split("\n")[0] ?? "none";
  return { differences, frames: count, ids, recordedIds, instructions };
}
