/** The wasm module, started from what the page compiled. */

import type * as Simd from "../../wasm/simd/pocket_onnx.js";
import { compile, type Compiled } from "../loading/module.js";

/** A module, and the memory that contains its `Bytes`. */
export interface Module {
  wasm: typeof Simd;
  memory: WebAssembly.Memory;
}

/** A module with its engine. */
export interface ModuleWithEngine extends Module {
  engine: Simd.Engine;
}

/** Starts the compiled module. */
export async function startModule({ build, module }: Compiled): Promise<Module> {
  const wasm: typeof Simd = await glue(build);
  const { memory } = await wasm.default({ module_or_path: module });
  return { wasm, memory };
}

/**
 * The module with its engine. Relaxed SIMD leaves some results to the browser; if the self-test finds them wrong,
 * the build without it is loaded.
 */
export async function withEngine(module: Module, { build }: Compiled): Promise<ModuleWithEngine> {
  try {
    return { ...module, engine: new module.wasm.Engine() };
  } catch (error) {
    if (build === "simd" || !(error instanceof Error && error.name === "Instructions")) {
      throw error;
    }
  }
  const other = await startModule(await compile("simd"));
  return { ...other, engine: new other.wasm.Engine() };
}

function glue(build: Compiled["build"]): Promise<typeof Simd> {
  return build === "relaxed" ? import("../../wasm/relaxed/pocket_onnx.js") : import("../../wasm/simd/pocket_onnx.js");
}
