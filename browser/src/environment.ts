/** What can be used here. */

import { PocketTTSError } from "./errors.js";
import { platform } from "./platform/platform.js";
import type { Backend } from "./worker/messages.js";

/** Threads beyond which nothing is gained. */
const MOST_THREADS: Record<Backend, number> = { engine: 2, onnxruntime: 4 };

/** As many threads as pay here. */
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
