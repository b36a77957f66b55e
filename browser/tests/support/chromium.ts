/** The Chromium that the tests drive. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { chromium, type BrowserContext } from "playwright-core";

/** `CHROMIUM` names the program if it is not Debian's. */
const PROGRAM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** The program. */
export function chromiumProgram(): string {
  return PROGRAM;
}

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Memory is measured at once, not at a later garbage collection.
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

/** Starts a fresh browser; flags among the options are added to the usual ones. */
export async function launch({ args = [], ...options }: Options = {}): Promise<Browser> {
  const profile = await freshProfile();
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: PROGRAM,
    headless: true,
    args: [...FLAGS, ...args],
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

/**
 * Starts a fresh browser whose tabs hide each other, as a visitor's do: Playwright keeps all tabs of
 * the browsers that it starts itself visible.
 */
export async function launchWithHiding(): Promise<Browser> {
  const profile = await freshProfile();
  const args = [...FLAGS, "--headless", "--remote-debugging-port=0", `--user-data-dir=${profile}`];
  const child = spawn(PROGRAM, args, { stdio: ["ignore", "ignore", "pipe"] });
  const exit = once(child, "exit");
  const browser = await chromium.connectOverCDP(await address(child.stderr), { noDefaults: true });
  const [context] = browser.contexts();
  if (context === undefined) throw new Error("Chromium has no context");
  return {
    context,
    async [Symbol.asyncDispose]() {
      await (await browser.newBrowserCDPSession()).send("Browser.close");
      await exit;
      await rm(profile, { recursive: true, force: true });
    },
  };
}

function freshProfile(): Promise<string> {
  return mkdtemp(join(tmpdir(), "pocket-onnx-chromium-"));
}

/** The address from which a browser that has just been started can be driven. */
async function address(output: Readable): Promise<string> {
  for await (const line of createInterface(output)) {
    const found = /^DevTools listening on (\S+)$/.exec(line)?.[1];
    if (found !== undefined) {
      output.resume();
      return found;
    }
  }
  throw new Error("Chromium does not start");
}
