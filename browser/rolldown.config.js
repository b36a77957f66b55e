// The worker's script with all that it imports, in one file: a page waits for it, and a browser would find its
// modules one level after the other. What it loads later stays as it is.

import { defineConfig } from "rolldown";

const SCRIPT = "dist/worker/worker.js";

export default defineConfig({
  input: SCRIPT,
  external: [/\/(wasm|starling)\//, /\/onnxruntime\.js$/],
  output: { file: SCRIPT },
});
