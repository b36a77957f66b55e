import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig, type Plugin } from "vite";

const root = import.meta.dirname;
const worker = "sw.js";

/** Writes the list of the page's files into the service worker, which stores them. */
function pageFiles(): Plugin {
  return {
    name: "page-files",
    apply: "build",
    generateBundle(_options, bundle) {
      const hash = createHash("sha256");
      const files: string[] = [];
      const builds: Record<"relaxed" | "simd", string[]> = { relaxed: [], simd: [] };
      const add = (name: string, content: string | Uint8Array) => {
        files.push(name);
        hash.update(name).update(content);
      };
      for (const [name, file] of Object.entries(bundle)) {
        if (name === worker) continue;
        add(name, file.type === "chunk" ? file.code : file.source);
        const sources = file.type === "asset" ? file.originalFileNames : [];
        for (const build of ["relaxed", "simd"] as const) {
          if (sources.some((source) => source.includes(`wasm/${build}/`))) builds[build].push(name);
        }
      }
      const fixed = join(root, "public");
      for (const name of readdirSync(fixed)) add(name, readFileSync(join(fixed, name)));
      const chunk = bundle[worker];
      if (chunk?.type !== "chunk") throw new Error(`the build has made no ${worker}`);
      hash.update(chunk.code);
      // ONNX Runtime and the encoders of sound files are large, and stored at their first use.
      // The library stores the model.
      const kept = files.filter(
        (name) => !name.endsWith(".map") && !/ort-wasm|pocket_onnx_encode_bg|^starling\//.test(name),
      );
      chunk.code =
        `const PAGE_FILES = ${JSON.stringify(kept)};\n` +
        `const BUILD_FILES = ${JSON.stringify(builds)};\n` +
        `const PAGE_VERSION = ${JSON.stringify(hash.digest("hex").slice(0, 16))};\n` +
        chunk.code;
    },
  };
}

/** The included model has a folder of its own, which the service worker leaves alone. */
function assetFileNames({ originalFileNames }: { originalFileNames: string[] }): string {
  const isModel = originalFileNames.some((name) => name.includes("starling/bundle/"));
  return `${isModel ? "starling" : "assets"}/[name]-[hash][extname]`;
}

export default defineConfig({
  root,
  // The page may be in any folder of a web host.
  base: "./",
  plugins: [pageFiles()],
  resolve: {
    // As it is published.
    alias: { "pocket-onnx": join(root, "../dist/index.js") },
  },
  // The worker's build sees the model, too: its files are those of the page.
  worker: { format: "es", rolldownOptions: { output: { assetFileNames } } },
  build: {
    target: "es2023",
    // A worklet has to be a file, and a strict content security policy blocks `data:` URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { index: join(root, "index.html"), sw: join(root, "sw/sw.ts") },
      output: {
        assetFileNames,
        entryFileNames: ({ name }) => (name === "sw" ? worker : "assets/[name]-[hash].js"),
      },
    },
  },
});
