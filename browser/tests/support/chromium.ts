/** The Chromium that the tests drive. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type BrowserContext } from "playwright-core";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Memory is measured at once, and not at some later collection of garbage.
  "--enable-blink-features=ForceEagerMeasureMemory",
  "--autoplay-policy=no-user-gesture-required",
  "--use-fake-ui-for-media-stream",
  "--use-fake-device-for-media-stream",
];

/** A browser with a profile of its own. */
export interface Browser extends AsyncDisposable {
  context: BrowserContext;
}

/** How it is started. */
export type Options = Parameters<typeof chromium.launchPersistentContext>[1] & {};

/** Starts a fresh one; `CHROMIUM` names the program where it is not Debian's. */
export async function launch(options: Options = {}): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), "pocket-onnx-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    headless: true,
    args: FLAGS,
    ...options,
  });
  return {
    context,
    async [Symbol.asyncDispose]() {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
