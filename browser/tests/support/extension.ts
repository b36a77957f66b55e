/** Chromium and Firefox with the extension, as it is built for each. */

import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, launch, type Page } from "puppeteer-core";
import { build } from "vite";
import { PACKAGE } from "./bundles.js";
import { chromiumProgram } from "./chromium.js";
import { PREFERENCES as FIREFOX_PREFERENCES } from "./firefox.js";
import { recordHere } from "./sound.js";

/** Files of the extension for one browser, in a folder of their own. */
export async function buildExtension(browser: "chromium" | "firefox"): Promise<string> {
  // As for publishing: test runners call their environment something else.
  process.env["NODE_ENV"] = "production";
  const dir = await mkdtemp(join(tmpdir(), `pocket-onnx-extension-${browser}-`));
  await build({
    configFile: join(PACKAGE, "extension/vite.config.ts"),
    mode: browser,
    logLevel: "warn",
    build: { outDir: dir },
  });
  return dir;
}

/**
 * A copy that may read pages of this machine. The browser gives the extension a page for a click on its button
 * or for its key, neither of which a test can press.
 */
export async function withLocalPages(extension: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "pocket-onnx-extension-local-"));
  await cp(extension, dir, { recursive: true });
  const file = join(dir, "manifest.json");
  const manifest: object = JSON.parse(await readFile(file, "utf8"));
  const here = ["http://127.0.0.1/*"];
  // Firefox opens no page of an extension for a test, but a page of this machine may.
  const opened = [{ resources: ["popup.html"], matches: here }];
  await writeFile(file, JSON.stringify({ ...manifest, host_permissions: here, web_accessible_resources: opened }));
  return dir;
}

export interface Extended extends AsyncDisposable {
  browser: Browser;
  /** The address of the extension's files, with a slash at the end. */
  root: string;
  /** The speaker's document, which records what it plays from now on. */
  speaker(): Promise<Page>;
}

/** Chromium with the extension in `dir`. */
export async function launchExtended(dir: string): Promise<Extended> {
  const browser = await launch({
    executablePath: chromiumProgram(),
    headless: true,
    pipe: true,
    enableExtensions: [dir],
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--autoplay-policy=no-user-gesture-required",
      // Tests watch pages that lie behind others.
      "--disable-background-timer-throttling",
    ],
    protocolTimeout: 600_000,
  });
  const target = await browser.waitForTarget((target) => target.type() === "service_worker");
  const root = new URL(".", target.url()).href;
  return {
    browser,
    root,
    async speaker() {
      // The popup opens it.
      const popup = await browser.newPage();
      await popup.goto(`${root}popup.html`);
      await popup.waitForSelector("#read");
      const document = await browser.waitForTarget((target) => target.url() === `${root}offscreen.html`);
      const speaker = await document.asPage();
      speaker.on("pageerror", (error) => console.error("speaker:", error));
      await speaker.evaluate(recordHere);
      await popup.close();
      return speaker;
    },
    async [Symbol.asyncDispose]() {
      await browser.close();
    },
  };
}

/** The name that Firefox gives the extension's files, where a fresh profile would have a random one. */
const FIREFOX_HOST = "3d1c9ff4-5c1e-4b8c-9c60-7a6b1f0f0001";

/** Firefox with the extension in `dir`. */
export async function launchExtendedFirefox(program: string, dir: string): Promise<Browser> {
  const manifest: { browser_specific_settings: { gecko: { id: string } } } = JSON.parse(
    await readFile(join(dir, "manifest.json"), "utf8"),
  );
  const { id } = manifest.browser_specific_settings.gecko;
  const browser = await launch({
    browser: "firefox",
    executablePath: program,
    headless: true,
    extraPrefsFirefox: {
      ...FIREFOX_PREFERENCES,
      "extensions.webextensions.uuids": JSON.stringify({ [id]: FIREFOX_HOST }),
    },
    protocolTimeout: 600_000,
  });
  await browser.installExtension(dir);
  return browser;
}

/** The popup in a tab of its own, opened from a page of this machine. */
export async function openFirefoxPopup(browser: Browser, from: string): Promise<Page> {
  const opener = await browser.newPage();
  await opener.goto(from);
  const opened = new Promise<Page | null>((resolve) => opener.once("popup", resolve));
  await opener.evaluate((address) => void window.open(address), `moz-extension://${FIREFOX_HOST}/popup.html`);
  const popup = await opened;
  if (popup === null) throw new Error("Firefox opens no popup");
  return popup;
}

export function removeFolder(dir: string | undefined): Promise<void> {
  return dir === undefined ? Promise.resolve() : rm(dir, { recursive: true, force: true });
}
