/** Reads safetensors files. */

/** Tensors by name; integers as floats. */
export type File = Record<string, { shape: number[]; floats: Float32Array }>;

export function parse(file: Buffer): File {
  const start = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, start).toString());
  const tensors: File = {};
  for (const [name, tensor] of Object.entries<{ dtype: string; shape: number[]; data_offsets: [number, number] }>(
    header,
  )) {
    if (name === "__metadata__") {
      continue;
    }
    const [from, to] = tensor.data_offsets;
    const bytes = Uint8Array.from(file.subarray(start + from, start + to)).buffer;
    const floats =
      tensor.dtype === "I64" ? Float32Array.from(new BigInt64Array(bytes), Number) : new Float32Array(bytes);
    tensors[name] = { shape: tensor.shape, floats };
  }
  return tensors;
}

/** How far each tensor of `actual` is from that of `expected`, as a part of its largest value. */
export function distances(actual: File, expected: File): [string, number][] {
  const names = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  return [...names].map((name) => {
    const [one, other] = [actual[name], expected[name]];
    if (one === undefined || other === undefined || one.shape.join() !== other.shape.join()) return [name, Infinity];
    const largest = other.floats.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    const worst = other.floats.reduce((max, value, i) => Math.max(max, Math.abs(value - (one.floats[i] ?? NaN))), 0);
    // For zeros only, such as padding, the distance itself.
    return [name, largest === 0 ? worst : worst / largest];
  });
}
