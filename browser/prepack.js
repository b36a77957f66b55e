/** Refuses to pack a package that lacks what `cargo xtask wasm` builds. */

import { access } from "node:fs/promises";

const BUILT = [
  "dist/index.js",
  "wasm/simd/pocket_onnx_bg.wasm",
  "wasm/relaxed/pocket_onnx_bg.wasm",
  "starling/bundle/manifest.json",
];

for (const file of BUILT) {
  try {
    await access(new URL(file, import.meta.url));
  } catch {
    console.error(`${file} is missing: \`cargo xtask wasm\` builds what the package consists of`);
    process.exit(1);
  }
}
