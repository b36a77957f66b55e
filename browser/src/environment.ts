/** What this page or program can use: threads and devices. */

import { PocketTTSError } from "./errors.js";
import { platform } from "./platform/platform.js";
import type { Backend } from "./backend.js";

/** Threads beyond which nothing is gained. */
const MOST_THREADS: Record<Backend, number> = { engine: 2, onnxruntime: 4 };

/** The number of threads that makes speech fastest here. */
export function defaultThreads(backend: Backend): number {
  return platform().threads(MOST_THREADS[backend]);
}

/** Refuses pages in which nothing can work, and devices that nothing runs on. */
export function checkEnvironment(device: "wasm" | "webgpu"): void {
  if (device !== "wasm") {
    throw new PocketTTSError("Unsupported", `the device ${device} is not supported: leave it out`);
  }
  platform().check();
}
