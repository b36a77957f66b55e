import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build, defineConfig, type Plugin, type UserConfig } from "vite";
import { BROWSERS, type BrowserName, manifest } from "./manifest.js";

const root = import.meta.dirname;
const packageRoot = join(root, "..");

/** Files that are not scripts: the manifest and the icons. */
function fixedFiles(browser: BrowserName): Plugin {
  return {
    name: "fixed-files",
    generateBundle() {
      const { version }: { version: string } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8"));
      const source = `${JSON.stringify(manifest(browser, version), undefined, 2)}\n`;
      this.emitFile({ type: "asset", fileName: "manifest.json", source });
      for (const icon of ["icon-192.png", "icon-512.png"]) {
        this.emitFile({ type: "asset", fileName: icon, source: readFileSync(join(root, "../demo/public", icon)) });
      }
    },
  };
}

/** The script that is run in pages, which has to be one file that imports nothing. */
function contentScript(): Plugin {
  let outDir: string;
  return {
    name: "content-script",
    configResolved(config) {
      outDir = config.build.outDir;
    },
    async closeBundle() {
      const entry = join(root, "src/reader/reader.ts");
      await build({
        configFile: false,
        logLevel: "warn",
        root,
        publicDir: false,
        build: {
          target: "es2023",
          outDir,
          emptyOutDir: false,
          lib: { entry, formats: ["iife"], name: "pocketOnnxReader", fileName: () => "reader.js" },
        },
      });
    },
  };
}

/** Leaves out ONNX Runtime: the extension uses the engine only, and is 14 MB smaller. */
function withoutOnnxRuntime(): Plugin {
  return {
    name: "without-onnxruntime",
    enforce: "pre",
    load(id) {
      if (!id.replaceAll("\\", "/").endsWith("/dist/worker/onnxruntime.js")) return undefined;
      return "export const OnnxRuntime = { start: () => Promise.reject(new Error('the extension has no ONNX Runtime')) };";
    },
  };
}

function isBrowser(mode: string): mode is BrowserName {
  return (BROWSERS as readonly string[]).includes(mode);
}

export default defineConfig(({ mode }): UserConfig => {
  if (!isBrowser(mode)) throw new Error(`--mode names the browser to build for: ${BROWSERS.join(" or ")}`);
  const chromium = mode === "chromium";
  return {
    root,
    base: "./",
    publicDir: false,
    plugins: [withoutOnnxRuntime(), fixedFiles(mode), contentScript()],
    resolve: {
      // As it is published.
      alias: { "pocket-onnx": join(packageRoot, "dist/index.js") },
    },
    worker: { format: "es", plugins: () => [withoutOnnxRuntime()] },
    build: {
      target: "es2023",
      outDir: join(root, "dist", mode),
      emptyOutDir: true,
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rolldownOptions: {
        input: {
          background: join(root, `src/background/${mode}.ts`),
          popup: join(root, "popup.html"),
          ...(chromium ? { offscreen: join(root, "offscreen.html") } : {}),
        },
        output: { entryFileNames: ({ name }) => (name === "background" ? "background.js" : "assets/[name]-[hash].js") },
      },
    },
  };
});
