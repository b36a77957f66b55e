/**
 * What browsers can do beside what the engine's products reach in them. `cargo xtask bench roofline` runs it and
 * reads what it writes.
 */

import { test } from "vitest";
import { type AnyBrowser, installedBrowsers } from "../tests/support/browsers.js";
import { serve, type Server } from "../tests/support/server.js";
import { report } from "./asked.js";

/** The builds of the module: with relaxed SIMD, and without. */
const BUILDS = ["relaxed", "simd"];

/** Measures in a worker, as the engine runs; undefined where the browser cannot compile the build. */
function measure(build: string): Promise<unknown[] | undefined> {
  const folder = `${location.origin}/${build}`;
  const source = `import init, { measure } from "${folder}/roofline.js";
    try {
      await init({ module_or_path: "${folder}/roofline_bg.wasm" });
      postMessage(JSON.parse(measure()));
    } catch (error) {
      if (!(error instanceof WebAssembly.CompileError)) throw error;
      postMessage(undefined);
    }`;
  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })), { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  });
}

async function measureIn(browser: AnyBrowser, server: Server): Promise<unknown[]> {
  const tab = await browser.open(server.url);
  const all = [];
  for (const build of BUILDS) all.push(...((await tab.evaluate(measure, build)) ?? []));
  return all;
}

test("products beside the machine's limits", async () => {
  const folder = process.env["POCKET_ONNX_ROOFLINE"] ?? "";
  // Isolated pages have finer clocks.
  await using server = await serve({ "/": folder }, { isolated: true, pages: { "/": "<!doctype html>" } });
  const all = [];
  for (const kind of installedBrowsers()) {
    await using browser = await kind.launch();
    all.push({ browser: kind.name, version: browser.version, figures: await measureIn(browser, server) });
  }
  await report("roofline", all);
}, 600_000);
