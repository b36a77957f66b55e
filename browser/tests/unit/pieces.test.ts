/** The small parts that need no browser. */

import { expect, test } from "vitest";
import { failure } from "../../src/errors.js";
import { folder } from "../../src/loading/bundle.js";
import type { Manifest } from "../../src/manifest.js";
import { ProgressByPhase } from "../../src/phases.js";
import { Queue, unlessAborted } from "../../src/queue.js";
import { append, type Tensor } from "../../src/tensor.js";
import { wav } from "../../src/wav.js";
import { Credit } from "../../src/worker/credit.js";

const f32 = (shape: number[], ...values: number[]): Tensor => ({
  dtype: "f32",
  shape,
  data: Float32Array.from(values),
});

test("rows are appended along any axis", () => {
  expect(append(f32([2, 1], 1, 2), 0, f32([1, 1], 3))).toEqual(f32([3, 1], 1, 2, 3));
  expect(append(f32([2, 1], 1, 2), 1, f32([2, 2], 3, 4, 5, 6))).toEqual(f32([2, 3], 1, 3, 4, 2, 5, 6));
  const grown = append(f32([1, 1], 1), 1, f32([1, 1], 2));
  expect(append(grown, 1, f32([1, 1], 3)).data.buffer).toBe(grown.data.buffer);
});

test("a WAV file has the native command's samples", () => {
  const file = new DataView(wav(Float32Array.of(0, 0.5, -0.5, 1, -1, 2, -2), 24_000, "i16").buffer);
  const samples = Array.from({ length: 7 }, (_, i) => file.getInt16(44 + 2 * i, true));
  expect(samples).toEqual([0, 16383, -16383, 32767, -32767, 32767, -32767]);
  expect([file.getUint32(4, true), file.getUint32(24, true), file.getUint32(40, true)]).toEqual([50, 24_000, 14]);
  const floats = new DataView(wav(Float32Array.of(0.25), 24_000, "f32").buffer);
  expect([floats.getUint16(20, true), floats.getFloat32(44, true)]).toEqual([3, 0.25]);
});

test("work waits for its turn, and aborted work gets none", async () => {
  const queue = new Queue();
  const order: string[] = [];
  const leave = await queue.enter(undefined);
  const control = new AbortController();
  const second = queue.enter(control.signal).catch((error: Error) => order.push(error.name));
  const third = queue.enter(undefined).then((leave) => {
    order.push("third");
    leave();
  });
  control.abort();
  await second;
  order.push("first leaves");
  leave();
  await third;
  expect(order).toEqual(["AbortError", "first leaves", "third"]);
  await expect(unlessAborted(Promise.resolve(1), AbortSignal.abort("why"))).rejects.toBe("why");
});

test("credit is taken once it is given", async () => {
  const credit = new Credit(1);
  await credit.take();
  let taken = false;
  const waiting = credit.take().then(() => {
    taken = true;
  });
  await Promise.resolve();
  expect(taken).toBe(false);
  credit.give(1);
  await waiting;
  expect(taken).toBe(true);
});

test("progress is summed up by phase, and never falls", () => {
  const events: unknown[] = [];
  const phases = new ProgressByPhase(({ phase, loaded, total }) => events.push([phase, loaded, total]));
  const entry = (name: string) => ({ name, size: 10, sha256: "" });
  const component = (name: string) => ({ graph: entry(`${name}.onnx`), data: entry(name) });
  const names = ["text_conditioner", "flow_lm", "flow_net", "mimi_decoder", "mimi_encoder"];
  const components = Object.fromEntries(names.map((name) => [name, component(name)]));
  phases.expect({ tokenizer: { file: entry("tokenizer") }, components } as unknown as Manifest, "engine");
  const file = { kind: "file", total: 10, source: "network" } as const;
  phases.hear({ ...file, purpose: "model", file: "flow_lm", loaded: 4 });
  phases.hear({ ...file, purpose: "model", file: "flow_net", loaded: 10 });
  // The other worker's copy, or one that is fetched again.
  phases.hear({ ...file, purpose: "model", file: "flow_net", loaded: 1 });
  phases.hear({ ...file, purpose: "voice", file: "a", loaded: 10 });
  phases.hear({ ...file, purpose: "voice", file: "b", loaded: 5 });
  phases.hear({ ...file, purpose: "encoder", file: "mimi_encoder", loaded: 10 });
  expect(events).toEqual([
    ["model", 4, 50],
    ["model", 14, 50],
    ["model", 14, 50],
    ["voice", 10, 10],
    ["voice", 5, 10],
    ["encoder", 10, 10],
  ]);
});

test("addresses of bundles", () => {
  const base = "https://host/page/index.html";
  expect(folder("/models/a", base)).toBe("https://host/models/a/");
  expect(folder("models/a/", base)).toBe("https://host/page/models/a/");
  expect(folder("https://cdn/b?v=1", base)).toBe("https://cdn/b/?v=1");
});

test("errors keep their kind on the way from a worker", () => {
  const text = Object.assign(new Error("the text is empty"), { name: "Text" });
  expect(failure(text)).toEqual({ kind: "Text", message: "the text is empty" });
  expect(failure(new TypeError("x"))).toEqual({ kind: "Runtime", message: "x" });
  expect(failure(new WebAssembly.RuntimeError("unreachable")).kind).toBe("Worker");
});
