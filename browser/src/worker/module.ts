/** The wasm module, started from what the page compiled. */

import type * as Simd from "../../wasm/simd/pocket_onnx.js";
import { bestBuild, type Build, compile, type Compiled } from "../loading/module.js";
import type { WeightFormat } from "../manifest.js";

/** A module, and the memory that contains its `Bytes`. */
export interface Module {
  build: Build;
  wasm: typeof Simd;
  memory: WebAssembly.Memory;
}

/** A module with its engine. */
export interface ModuleWithEngine extends Module {
  engine: Simd.Engine;
}

/** What a self-test found. */
export interface Tested {
  build: Build;
  /** The vector instructions that passed, one a line, the newest first. */
  instructions: string;
}

/** Fetches the script of the build that the page compiles, most likely, before that is done. */
export function expectModule(): void {
  // Its error is thrown where the module is started.
  glue(bestBuild()).catch(() => {});
}

/** Starts the compiled module. */
export async function startModule({ build, module }: Compiled): Promise<Module> {
  const wasm: typeof Simd = await glue(build);
  const { memory } = await wasm.default({ module_or_path: module });
  return { build, wasm, memory };
}

/**
 * The module with its engine, for weights in these formats. Relaxed SIMD leaves some results to the browser; if the
 * self-test finds them wrong, the build without it is loaded.
 */
export async function withEngine(module: Module, formats: readonly WeightFormat[]): Promise<ModuleWithEngine> {
  const lines = formats.join("\n");
  try {
    return { ...module, engine: new module.wasm.Engine(lines) };
  } catch (error) {
    if (module.build === "simd" || !(error instanceof Error && error.name === "Instructions")) {
      throw error;
    }
  }
  const other = await startModule(await compile("simd"));
  return { ...other, engine: new other.wasm.Engine(lines) };
}

/** The same after a self-test in another worker. */
export async function withTestedEngine(module: Module, { build, instructions }: Tested): Promise<ModuleWithEngine> {
  const own = build === module.build ? module : await startModule(await compile(build));
  return { ...own, engine: own.wasm.Engine.trusting(instructions) };
}

function glue(build: Compiled["build"]): Promise<typeof Simd> {
  return build === "relaxed" ? import("../../wasm/relaxed/pocket_onnx.js") : import("../../wasm/simd/pocket_onnx.js");
}
