/** The messages of a worker thread. */

/// <reference types="node" />

import { parentPort } from "node:worker_threads";
import { fetchWith } from "../loading/fetch.js";
import type { Scope } from "../worker/scope.js";
import { fetchAny } from "./files.js";

/** Has `serve` take and send this thread's messages. */
export function run<In, Out>(serve: (scope: Scope<In, Out>) => void): void {
  fetchWith(fetchAny);
  hideOpaqueLocation();
  const scope: Scope<In, Out> = {
    onmessage: null,
    postMessage: (message, transfer) => parentPort?.postMessage(message, transfer as never[]),
  };
  serve(scope);
  parentPort?.on("message", (data: In) => scope.onmessage?.({ data }));
}

/** Deno's threads have a location without an origin: ONNX Runtime would take that for the base of its addresses. */
function hideOpaqueLocation(): void {
  if (globalThis.location?.origin === "null") {
    Object.defineProperty(globalThis, "location", { value: undefined, configurable: true });
  }
}
