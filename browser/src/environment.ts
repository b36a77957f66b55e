/** What the browser offers to a page. */

import { PocketTTSError } from "./errors.js";
import type { Backend } from "./worker/messages.js";

/** Threads beyond which nothing is gained. */
const MOST_THREADS: Record<Backend, number> = { engine: 2, onnxruntime: 4 };

/** The number of threads that help here. */
export function defaultThreads(backend: Backend): number {
  return globalThis.crossOriginIsolated
    ? Math.max(1, Math.min(MOST_THREADS[backend], navigator.hardwareConcurrency))
    : 1;
}

/** Throws if the package cannot work in this page. */
export function checkBrowser(device: "wasm" | "webgpu"): void {
  if (device !== "wasm") {
    throw new PocketTTSError("Unsupported", `the device ${device} is not supported: leave it out`);
  }
  if (!globalThis.isSecureContext) {
    throw new PocketTTSError(
      "Unsupported",
      "the page has to be served over https, or from localhost: browsers offer SHA-256 and audio worklets only there",
    );
  }
}
