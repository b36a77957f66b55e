/** Rules for tensors, for pages that use the state layer on its own. */

import type { Component } from "../manifest.js";
import type { RunGraph, Tensor, Tensors } from "../tensor.js";
import { count } from "../tensor.js";
import { typedArray } from "./brands.js";
import type { Rule } from "./check.js";

export const tensor: Rule<Tensor> = {
  expected: "a tensor: { dtype, shape, data } with as many values as the shape says",
  fits: (value) => {
    if (typeof value !== "object" || value === null) {
      return false;
    }
    const { dtype, shape, data } = value as Record<string, unknown>;
    const isData =
      (dtype === "f32" && typedArray(data) === "Float32Array") ||
      (dtype === "i64" && typedArray(data) === "BigInt64Array");
    return isData && isArray(shape, isSize) && count(shape) === (data as Float32Array).length;
  },
};

export const component: Rule<Component> = {
  expected: "a component of a bundle's manifest",
  fits: (value) => {
    const { graph, inputs, outputs, states, position } = membersOf(value);
    return (
      isText(membersOf(graph)["name"]) &&
      isArray(inputs, isInfo) &&
      isArray(outputs, isInfo) &&
      (states === undefined || isArray(states, isState)) &&
      (position === undefined || isPosition(position))
    );
  },
};

export const tensors: Rule<Tensors> = {
  expected: "an object of tensors by name",
  fits: (value) => typeof value === "object" && value !== null && Object.values(value).every(tensor.fits),
};

export const graphRunner: Rule<RunGraph> = {
  expected: "a function that runs the graph",
  fits: (value) => typeof value === "function",
};

export const wholeNumber: Rule<number> = {
  expected: "a whole number from 0 to 9007199254740991 (2^53 - 1)",
  fits: isSize,
};

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isInfo(value: unknown): boolean {
  const { name, dtype, shape } = membersOf(value);
  return isText(name) && isTypeAndShape(dtype, shape);
}

function isState(value: unknown): boolean {
  const { input, output, dtype, shape, carry } = membersOf(value);
  const { rule, axis } = membersOf(carry);
  const isRule = rule === "replace" || (rule === "append" && isSize(axis));
  return isText(input) && isText(output) && isTypeAndShape(dtype, shape) && isRule;
}

function isPosition(value: unknown): boolean {
  const { input, initial, advances_by } = membersOf(value);
  const isAdvance = (advance: unknown) => {
    const { input, axis, times } = membersOf(advance);
    return isText(input) && isSize(axis) && isSize(times);
  };
  return isText(input) && isSize(initial) && isArray(advances_by, isAdvance);
}

function isTypeAndShape(dtype: unknown, shape: unknown): boolean {
  return (dtype === "f32" || dtype === "i64") && isArray(shape, (size) => isText(size) || isSize(size));
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** Whether `value` is an array whose members, holes included, all satisfy the rule. */
function isArray(value: unknown, fits: (member: unknown) => boolean): value is number[] {
  return Array.isArray(value) && Array.from(value).every(fits);
}

function membersOf(value: unknown): Record<string, unknown> {
  return (value ?? {}) as Record<string, unknown>;
}
