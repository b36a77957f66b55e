/** The state layer, with graphs that are functions. */

import { expect, test } from "vitest";
import type { Component } from "../../src/manifest.js";
import { ComponentStream, type Tensors } from "../../src/state.js";
import type { Tensor } from "../../src/tensor.js";

const file = { name: "graph.onnx", size: 0, sha256: "" };
const f32 = (shape: number[], ...values: number[]): Tensor => ({
  dtype: "f32",
  shape,
  data: Float32Array.from(values),
});
const i64 = (...values: number[]): Tensor => ({
  dtype: "i64",
  shape: [values.length],
  data: BigInt64Array.from(values, BigInt),
});

/** Keeps all rows, and the sum of the last ones. */
const component: Component = {
  graph: file,
  data: file,
  format: "f32",
  inputs: [
    { name: "rows", dtype: "f32", shape: [1, "L", 2] },
    { name: "offset", dtype: "i64", shape: [1] },
    { name: "past", dtype: "f32", shape: [1, "P", 2] },
    { name: "last", dtype: "f32", shape: [1] },
  ],
  outputs: [
    { name: "seen", dtype: "f32", shape: [1] },
    { name: "new", dtype: "f32", shape: [1, "L", 2] },
    { name: "next_last", dtype: "f32", shape: [1] },
  ],
  states: [
    {
      input: "past",
      output: "new",
      dtype: "f32",
      shape: [1, "P", 2],
      initial: "empty",
      carry: { rule: "append", axis: 1 },
    },
    { input: "last", output: "next_last", dtype: "f32", shape: [1], initial: "zeros", carry: { rule: "replace" } },
  ],
  position: { input: "offset", initial: 5, advances_by: [{ input: "rows", axis: 1, times: 2 }] },
};

const calls: Tensors[] = [];

async function run(inputs: Tensors): Promise<Tensors> {
  calls.push(inputs);
  const { rows, past } = inputs;
  if (rows?.dtype !== "f32" || past?.dtype !== "f32") {
    throw new Error("the graph lacks an input");
  }
  const sum = rows.data.reduce((sum, value) => sum + value, 0);
  if (Number.isNaN(sum)) {
    throw new Error("the graph refuses");
  }
  return { seen: f32([1], past.shape[1] ?? 0), new: rows, next_last: f32([1], sum) };
}

test("states are made, carried and advanced by the manifest's rules", async () => {
  const stream = new ComponentStream(component, run);
  expect(stream.stateNames).toEqual(["past", "last"]);
  expect(stream.position).toBe(5);
  expect(await stream.run({ rows: f32([1, 2, 2], 1, 2, 3, 4) })).toEqual({ seen: f32([1], 0) });
  expect(calls.at(-1)).toMatchObject({ offset: i64(5), past: f32([1, 0, 2]), last: f32([1], 0) });
  for (let i = 0; i < 100; i++) {
    await stream.run({ rows: f32([1, 1, 2], i, i) });
  }
  expect(stream.position).toBe(5 + 2 * 102);
  expect(stream.state("past").shape).toEqual([1, 102, 2]);
  expect([...(stream.state("past").data as Float32Array).slice(0, 6)]).toEqual([1, 2, 3, 4, 0, 0]);
  expect(stream.state("past").data.at(-1)).toBe(99);
  expect(stream.state("last")).toEqual(f32([1], 198));
  stream.reset();
  expect([stream.position, stream.state("past").shape]).toEqual([5, [1, 0, 2]]);
});

test("forks go on independently", async () => {
  const stream = new ComponentStream(component, run);
  await stream.run({ rows: f32([1, 3, 2], 1, 1, 2, 2, 3, 3) });
  await stream.run({ rows: f32([1, 1, 2], 4, 4) });
  const forks = [stream.fork(), stream.fork()];
  await forks[0]?.run({ rows: f32([1, 1, 2], 7, 7) });
  await forks[1]?.run({ rows: f32([1, 1, 2], 8, 8) });
  await stream.run({ rows: f32([1, 1, 2], 9, 9) });
  const last = [stream, ...forks].map((one) => one.state("past").data.at(-1));
  expect(last).toEqual([9, 7, 8]);
  expect(forks[0]?.position).toBe(stream.position);
});

test("a state that is set is a copy, and has to fit", async () => {
  const stream = new ComponentStream(component, run);
  const rows = f32([1, 1, 2], 1, 2);
  stream.setState("past", rows);
  stream.setPosition(9);
  rows.data[0] = 5;
  await stream.run({ rows: f32([1, 1, 2], 3, 4) });
  expect(stream.state("past")).toEqual(f32([1, 2, 2], 1, 2, 3, 4));
  expect(stream.position).toBe(11);
  expect(() => stream.setState("past", f32([1, 1, 3], 1, 2, 3))).toThrow("[1,1,3] does not fit the state past");
  expect(() => stream.setState("last", i64(1))).toThrow("does not fit the state last");
  expect(() => stream.setState("other", rows)).toThrow("has no state other");
});

test("an error leaves the stream unchanged", async () => {
  const stream = new ComponentStream(component, run);
  await stream.run({ rows: f32([1, 1, 2], 1, 2) });
  await expect(stream.run({ rows: f32([1, 1, 2], Number.NaN, 0) })).rejects.toThrow("refuses");
  await expect(stream.run({})).rejects.toThrow("needs an input rows");
  await expect(stream.run({ rows: f32([1, 1, 2], 1, 2), past: f32([1, 0, 2]) })).rejects.toThrow(
    "does not take an input past",
  );
  expect([stream.position, stream.state("past").shape]).toEqual([7, [1, 1, 2]]);
});

test("values of wrong types and shapes are refused", async () => {
  const stream = () => new ComponentStream(component, run);
  const any = (value: unknown) => value as never;
  const rows = { dtype: "f32", shape: [1, 1, 2], data: Float32Array.of(1, 2) };
  const sparse: number[] = [];
  sparse[1] = 2;
  const throwing = new Proxy(
    {},
    {
      ownKeys() {
        throw new Error("mine");
      },
    },
  );
  const state = {
    input: "past",
    output: "new",
    dtype: "f32",
    shape: [1e9, 1e9],
    initial: "zeros",
    carry: { rule: "replace" },
  } as const;
  const huge: Component = { ...component, states: [{ ...state, shape: [...state.shape] }] };
  // biome-ignore format: one case a line
  const cases: [() => unknown, string, string][] = [
    [() => new ComponentStream(any(null), run), "Value", "a component of a bundle's manifest, not null"],
    [() => new ComponentStream(any({}), run), "Value", "not an object"],
    [() => new ComponentStream(any({ ...component, graph: null }), run), "Value", "a component of a bundle's manifest"],
    [() => new ComponentStream(any({ ...component, inputs: [null] }), run), "Value", "a component of a bundle's manifest"],
    [() => new ComponentStream(any({ ...component, states: [{}] }), run), "Value", "a component of a bundle's manifest"],
    [() => new ComponentStream(any({ ...component, position: 5 }), run), "Value", "a component of a bundle's manifest"],
    [() => new ComponentStream(huge, run), "Memory", "there is no memory for the state past"],
    [() => new ComponentStream(component, any(async () => null)).run(any({ rows })), "Tensor", "returns must be an object of tensors"],
    [() => stream().run(throwing), "Tensor", "the inputs of graph.onnx cannot be read: mine"],
    [() => stream().run({ rows: any({ ...rows, shape: sparse }) }), "Tensor", "must be a tensor"],
    [() => stream().state(any(Symbol("a"))), "Tensor", "has no state Symbol(a)"],
    [() => new ComponentStream(component, any(5)), "Value", "a function that runs the graph, not 5"],
    [() => stream().run(any(null)), "Tensor", "needs an input rows"],
    [() => stream().run(any({})), "Tensor", "needs an input rows"],
    [() => stream().run({ rows: any(5) }), "Tensor", "the input rows of graph.onnx must be a tensor"],
    [() => stream().run({ rows: any({ ...rows, data: [1, 2] }) }), "Tensor", "must be a tensor"],
    [() => stream().run({ rows: any({ ...rows, shape: [1, 1, 3] }) }), "Tensor", "must be a tensor"],
    [() => stream().run({ rows: any({ ...rows, shape: [1, -1, -2] }) }), "Tensor", "must be a tensor"],
    [() => stream().run({ rows: any({ ...rows, shape: "112" }) }), "Tensor", "must be a tensor"],
    [() => stream().run({ rows: any({ ...rows, dtype: "i64" }) }), "Tensor", "must be a tensor"],
    [() => stream().run({ rows: any(rows), more: any(rows) }), "Tensor", "does not take an input more"],
    [() => stream().state(any(5)), "Tensor", "has no state 5"],
    [() => stream().setState("nothing", any(rows)), "Tensor", "has no state nothing"],
    [() => stream().setState("past", any(null)), "Tensor", "must be a tensor"],
    [() => stream().setState("past", f32([2], 1, 2)), "Tensor", "does not fit the state past"],
    [() => stream().setPosition(-1), "Value", "(2^53 - 1), not -1"],
    [() => stream().setPosition(any("1")), "Value", 'not "1"'],
    [() => stream().setPosition(Number.NaN), "Value", "not NaN"],
    [() => stream().setPosition(2 ** 53), "Value", "a whole number"],
  ];
  const wrong: unknown[] = [];
  for (const [call, kind, words] of cases) {
    const error = await Promise.resolve()
      .then(call)
      .then(
        () => "no error",
        (error) => error,
      );
    if (error.name !== "PocketTTSError" || error.kind !== kind || !error.message.includes(words)) {
      wrong.push([call.toString(), String(error)]);
    }
  }
  expect(wrong).toEqual([]);
});

test("a stream runs one call at a time, and stays as it is meanwhile", async () => {
  let go = () => {};
  const held = new Promise<void>((resolve) => (go = resolve));
  const stream = new ComponentStream(component, async (inputs) => held.then(() => run(inputs)));
  const rows = () => ({ rows: f32([1, 1, 2], 1, 2) });
  const running = stream.run(rows());
  const busy = "graph.onnx is running: await the call before";
  await expect(stream.run(rows())).rejects.toThrow(busy);
  expect(() => stream.reset()).toThrow(busy);
  expect(() => stream.setPosition(1)).toThrow(busy);
  expect(() => stream.setState("last", f32([1], 1))).toThrow(busy);
  go();
  await running;
  await stream.run(rows());
  expect([stream.position, stream.state("past").shape]).toEqual([9, [1, 2, 2]]);
});
