/** A program's worker thread. */

/// <reference types="node" />

import { parentPort } from "node:worker_threads";
import { fetchWith } from "../loading/fetch.js";
import { type Scope, serve } from "../worker/serving.js";
import { fetchAny } from "./files.js";

fetchWith(fetchAny);

const scope: Scope = {
  onmessage: null,
  postMessage: (message, transfer) => parentPort?.postMessage(message, transfer as never[]),
};
serve(scope);
parentPort?.on("message", (data) => scope.onmessage?.({ data }));
