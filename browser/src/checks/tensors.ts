/** What tensors have to be, for whoever uses the state layer by itself. */

import type { Component } from "../manifest.js";
import type { RunGraph } from "../state.js";
import type { Tensor } from "../tensor.js";
import { count } from "../tensor.js";
import type { Rule } from "./check.js";

export const tensor: Rule<Tensor> = {
  expected: "a tensor: { dtype, shape, data } with as many values as the shape says",
  fits: (value) => {
    if (typeof value !== "object" || value === null) {
      return false;
    }
    const { dtype, shape, data } = value as Record<string, unknown>;
    const isData =
      (dtype === "f32" && data instanceof Float32Array) || (dtype === "i64" && data instanceof BigInt64Array);
    return isData && Array.isArray(shape) && shape.every(isSize) && count(shape) === data.length;
  },
};

export const component: Rule<Component> = {
  expected: "a component of a bundle's manifest",
  fits: (value) => {
    const { graph, inputs, outputs } = (value ?? {}) as Record<string, unknown>;
    return typeof graph === "object" && Array.isArray(inputs) && Array.isArray(outputs);
  },
};

export const graphRunner: Rule<RunGraph> = {
  expected: "a function that runs the graph",
  fits: (value) => typeof value === "function",
};

export const wholeNumber: Rule<number> = {
  expected: "a whole number from 0 on",
  fits: isSize,
};

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
