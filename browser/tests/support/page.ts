/** A page with the package loaded. */

import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { BUNDLES, PACKAGE, RECORDS } from "./bundles.js";
import { type Server, serve } from "./server.js";

const HTML = `<!doctype html><html lang="en"><title>pocket-onnx</title><link rel="icon" href="data:,"><script type="module">
  import * as pocket from "/package/dist/index.js";
  window.pocket = pocket;
  // A module of the package, by its path in dist: tests cannot import, for they are compiled.
  window.part = (path) => import("/package/dist/" + path);
  window.ready = true;
</script>`;

/** What the page's scripts find in `window`. */
declare global {
  var pocket: typeof import("../../src/index.js");
  var part: <T>(path: string) => Promise<T>;
  var ready: boolean;
}

/** Serves the package, the bundles, the records and an empty page; `files` in place of those with the same path. */
export function servePackage(isolated: boolean, files: Record<string, string> = {}): Promise<Server> {
  const mounts = { ...files, "/package/": PACKAGE, "/models/": BUNDLES, "/records/": RECORDS };
  return serve(mounts, { isolated, pages: { "/": HTML } });
}

/** The page, with the package loaded. */
export async function openPage(context: BrowserContext, server: Server): Promise<Page> {
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error("page:", error));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") {
      console.error("page:", message.text());
    }
  });
  await page.goto(server.url);
  await page.waitForFunction(() => globalThis.ready);
  return page;
}

/** Path of a file beside the tests. */
export function beside(name: string): string {
  return join(PACKAGE, "tests", name);
}
