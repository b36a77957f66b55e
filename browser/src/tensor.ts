/** Tensors: a shape and its values, in row-major order. */

import type { Dim, DType } from "./manifest.js";

/** A tensor. Sizes may be 0. */
export type Tensor =
  | { dtype: "f32"; shape: number[]; data: Float32Array }
  | { dtype: "i64"; shape: number[]; data: BigInt64Array };

/** Tensors by name. */
export type Tensors = Record<string, Tensor>;

/** Runs a graph once: all inputs by name, all outputs by name. */
export type RunGraph = (inputs: Tensors) => Promise<Tensors>;

/** Number of values of a tensor with this shape. */
export function count(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Zeros with the given shape, symbols being 0. */
export function zeros(dtype: DType, shape: readonly Dim[]): Tensor {
  const sizes = shape.map((size) => (typeof size === "number" ? size : 0));
  return dtype === "f32"
    ? { dtype, shape: sizes, data: new Float32Array(count(sizes)) }
    : { dtype, shape: sizes, data: new BigInt64Array(count(sizes)) };
}

/** A tensor with a copy of the values. */
export function copy(tensor: Tensor): Tensor {
  return tensor.dtype === "f32"
    ? { dtype: "f32", shape: [...tensor.shape], data: tensor.data.slice() }
    : { dtype: "i64", shape: [...tensor.shape], data: tensor.data.slice() };
}

/** Whether `rows` can be appended to `tensor` along `axis`. */
export function takes(tensor: Tensor, axis: number, rows: Tensor): boolean {
  return (
    tensor.dtype === rows.dtype &&
    tensor.shape.length === rows.shape.length &&
    axis < tensor.shape.length &&
    tensor.shape.every((size, i) => i === axis || size === rows.shape[i])
  );
}

/**
 * `rows` appended to `tensor` along `axis`. If all sizes outside the axis are 1, the rows go into spare
 * room after the values, so that a step costs only its own rows; `tensor` must not be used afterwards.
 */
export function append(tensor: Tensor, axis: number, rows: Tensor): Tensor {
  const shape = tensor.shape.map((size, i) => (i === axis ? size + (rows.shape[i] ?? 0) : size));
  if (tensor.dtype === "f32" && rows.dtype === "f32") {
    return { dtype: "f32", shape, data: joined(tensor, rows, axis, (n) => new Float32Array(n)) };
  }
  if (tensor.dtype === "i64" && rows.dtype === "i64") {
    return { dtype: "i64", shape, data: joined(tensor, rows, axis, (n) => new BigInt64Array(n)) };
  }
  throw new TypeError(`${rows.dtype} rows cannot be appended to a tensor of ${tensor.dtype}`);
}

/** What the two kinds of typed arrays have in common here. */
interface Values<T> {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly length: number;
  readonly BYTES_PER_ELEMENT: number;
  set(values: T, at: number): void;
  subarray(start: number, end: number): T;
}

function joined<T extends Values<T>>(
  tensor: { shape: number[]; data: T },
  rows: { shape: number[]; data: T },
  axis: number,
  make: (length: number) => T,
): T {
  const outer = count(tensor.shape.slice(0, axis));
  const { data } = tensor;
  const length = data.length + rows.data.length;
  if (outer !== 1) {
    const result = make(length);
    const [a, b] = [data.length / outer, rows.data.length / outer];
    for (let i = 0; i < outer; i++) {
      result.set(data.subarray(i * a, (i + 1) * a), i * (a + b));
      result.set(rows.data.subarray(i * b, (i + 1) * b), i * (a + b) + a);
    }
    return result;
  }
  const room = (data.buffer.byteLength - data.byteOffset) / data.BYTES_PER_ELEMENT;
  if (room < length) {
    const grown = make(2 * length);
    grown.set(data, 0);
    grown.set(rows.data, data.length);
    return grown.subarray(0, length);
  }
  // `data` is the beginning of a buffer that was made here: only `make` leaves spare room.
  const whole = make(0).constructor as unknown as new (buffer: ArrayBufferLike, offset: number, length: number) => T;
  const result = new whole(data.buffer, data.byteOffset, length);
  result.set(rows.data, data.length);
  return result;
}
