/** The wasm module: of two builds the one that this browser can run best. */

import type * as Simd from "../../wasm/simd/pocket_onnx.js";

/** A module, and the memory that its `Bytes` lie in. */
export interface Module {
  wasm: typeof Simd;
  memory: WebAssembly.Memory;
  /** The module's engine, where it was asked for. */
  engine: Simd.Engine | undefined;
}

/** A module with one function, which swizzles by a relaxed instruction. */
const RELAXED_SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15,
  65, 2, 253, 15, 253, 128, 2, 11,
]);

/** Fetches and starts the module, and its engine if that is to be used. */
export async function loadModule(withEngine: boolean): Promise<Module> {
  if (WebAssembly.validate(RELAXED_SIMD)) {
    try {
      const wasm: typeof Simd = await import("../../wasm/relaxed/pocket_onnx.js");
      return await start(wasm, new URL("../../wasm/relaxed/pocket_onnx_bg.wasm", import.meta.url), withEngine);
    } catch (error) {
      // What is left to the browser may be done wrongly by it.
      if (!(error instanceof Error && error.name === "Instructions")) {
        throw error;
      }
    }
  }
  const wasm: typeof Simd = await import("../../wasm/simd/pocket_onnx.js");
  return start(wasm, new URL("../../wasm/simd/pocket_onnx_bg.wasm", import.meta.url), withEngine);
}

async function start(wasm: typeof Simd, file: URL, withEngine: boolean): Promise<Module> {
  const { memory } = await wasm.default({ module_or_path: file });
  return { wasm, memory, engine: withEngine ? new wasm.Engine() : undefined };
}
