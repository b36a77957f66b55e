/** Limits of the package that do not depend on where it runs. */

import { PocketTTSError } from "./errors.js";
import type { Backend } from "./worker/messages.js";

/** Threads beyond which nothing is gained. */
export const MOST_THREADS: Record<Backend, number> = { engine: 2, onnxruntime: 4 };

/** Refuses the devices that no backend can use. */
export function checkDevice(device: "wasm" | "webgpu"): void {
  if (device !== "wasm") {
    throw new PocketTTSError("Unsupported", `the device ${device} is not supported: leave it out`);
  }
}
