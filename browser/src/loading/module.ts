/**
 * The wasm module, of which there are two builds. The page fetches and compiles the one that this browser
 * runs best, once for all workers.
 */

import { failure, fromFailure, PocketTTSError } from "../errors.js";
import { request } from "./fetch.js";

/** A build of the module: with relaxed SIMD, or without. */
export type Build = "relaxed" | "simd";

/** A compiled module, which workers start. */
export interface Compiled {
  build: Build;
  module: WebAssembly.Module;
}

/** A module with one function, which uses the relaxed instruction `i8x16.relaxed_swizzle`. */
const RELAXED_SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15,
  253, 128, 2, 11,
]);

const FORBIDDEN = "the page's Content-Security-Policy forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src";

/** The best build that this browser can load. */
export function bestBuild(): Build {
  return WebAssembly.validate(RELAXED_SIMD) ? "relaxed" : "simd";
}

/** Fetches and compiles a build. */
export async function compile(build: Build, signal?: AbortSignal): Promise<Compiled> {
  // Bundlers understand whole addresses only.
  const file =
    build === "relaxed"
      ? new URL("../../wasm/relaxed/pocket_onnx_bg.wasm", import.meta.url)
      : new URL("../../wasm/simd/pocket_onnx_bg.wasm", import.meta.url);
  return { build, module: await compileFile(file, signal) };
}

/** Fetches and compiles a module. */
export async function compileFile(file: URL, signal?: AbortSignal): Promise<WebAssembly.Module> {
  const response = await request(file.href, { cache: "default", signal });
  try {
    return await compileResponse(response);
  } catch (error) {
    signal?.throwIfAborted();
    throw isForbidden(error)
      ? new PocketTTSError("Unsupported", FORBIDDEN, { cause: error })
      : fromFailure(failure(error));
  }
}

/** Whether the page's policy lets nothing be compiled: browsers name the older of two words that allow it. */
function isForbidden(error: unknown): boolean {
  return error instanceof WebAssembly.CompileError && /unsafe-eval|Content.Security.Policy/i.test(error.message);
}

/** Compiles while the bytes arrive, if the server says what they are. */
async function compileResponse(response: Response): Promise<WebAssembly.Module> {
  const type = response.headers.get("content-type") ?? "";
  return /^application\/wasm\s*$/i.test(type)
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer());
}
