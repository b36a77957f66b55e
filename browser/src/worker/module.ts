/** The wasm module: of two builds the one that this browser can run best. */

import type * as Simd from "../../wasm/simd/pocket_onnx.js";

/** A module, and the memory that its `Bytes` lie in. */
export interface Module {
  wasm: typeof Simd;
  memory: WebAssembly.Memory;
  /** Whether it uses relaxed SIMD. */
  relaxed: boolean;
}

/** A module with one function, which swizzles by a relaxed instruction. */
const RELAXED_SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15,
  65, 2, 253, 15, 253, 128, 2, 11,
]);

/** Fetches and starts the module. */
export async function loadModule(): Promise<Module> {
  const relaxed = WebAssembly.validate(RELAXED_SIMD);
  const wasm: typeof Simd = relaxed
    ? await import("../../wasm/relaxed/pocket_onnx.js")
    : await import("../../wasm/simd/pocket_onnx.js");
  const file = relaxed
    ? new URL("../../wasm/relaxed/pocket_onnx_bg.wasm", import.meta.url)
    : new URL("../../wasm/simd/pocket_onnx_bg.wasm", import.meta.url);
  const { memory } = await wasm.default({ module_or_path: file });
  return { wasm, memory, relaxed };
}
