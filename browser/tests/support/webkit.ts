/** WebKit, driven by WebDriver: WebKitGTK's MiniBrowser, which needs a display and gets one of its own. */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { Builder, By, Capabilities, type WebDriver } from "selenium-webdriver";
import type { AnyBrowser } from "./browsers.js";

/** Milliseconds that a script in a page may take. */
const LONGEST_SCRIPT = 600_000;
/** Milliseconds that the driver may take to answer. */
const LONGEST_START = 20_000;

/** Starts a fresh browser; its profile is deleted. */
export async function launchWebKit(program: string): Promise<AnyBrowser> {
  const display = spawn("Xvfb", ["-displayfd", "3", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const children = [display];
  const end = async () => {
    for (const child of children.reverse()) await endProcess(child);
  };
  try {
    const number = await firstLine(display.stdio[3] as Readable);
    const port = await freePort();
    const env = { ...process.env, DISPLAY: `:${number}` };
    children.push(spawn("WebKitWebDriver", [`--port=${port}`], { stdio: "ignore", env }));
    const driver = await connect(`http://127.0.0.1:${port}`, program);
    await driver.manage().setTimeouts({ script: LONGEST_SCRIPT });
    let first = true;
    return {
      version: (await driver.getCapabilities()).get("browserVersion"),
      async open(address) {
        // The session begins with one empty tab.
        if (!first) await driver.switchTo().newWindow("tab");
        first = false;
        const tab = await driver.getWindowHandle();
        await driver.get(address);
        return {
          async evaluate(work, argument) {
            await driver.switchTo().window(tab);
            return evaluate(driver, work as never, argument) as never;
          },
          async click(selector) {
            await driver.switchTo().window(tab);
            await driver.findElement(By.css(selector)).click();
          },
          async close() {
            // The browser would end with its last tab.
            if ((await driver.getAllWindowHandles()).length === 1) await driver.switchTo().newWindow("tab");
            await driver.switchTo().window(tab);
            await driver.close();
            const [another] = await driver.getAllWindowHandles();
            if (another !== undefined) await driver.switchTo().window(another);
          },
        };
      },
      async [Symbol.asyncDispose]() {
        await driver.quit();
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** A session of the driver, which may not listen yet. */
async function connect(address: string, program: string): Promise<WebDriver> {
  const capabilities = new Capabilities({
    browserName: "MiniBrowser",
    "webkitgtk:browserOptions": { binary: program, args: ["--automation"] },
  });
  const late = Date.now() + LONGEST_START;
  while (!(await fetch(`${address}/status`).catch(() => undefined))?.ok) {
    if (Date.now() > late) throw new Error("WebKitWebDriver does not start");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return new Builder().usingServer(address).withCapabilities(capabilities).build();
}

/** Runs a function in the page; what it throws is thrown here. */
async function evaluate(driver: WebDriver, work: (argument: unknown) => unknown, argument: unknown): Promise<unknown> {
  const script = `
    const [argument, done] = arguments;
    (async () => (${work})(argument))().then(
      (value) => done({ value }),
      (error) => done({ error: String(error) + "\\n" + (error?.stack ?? "") }),
    );`;
  const answer = await driver.executeAsyncScript<{ value?: unknown; error?: string }>(script, argument);
  if (answer.error !== undefined) throw new Error(answer.error);
  return answer.value;
}

async function firstLine(stream: Readable): Promise<string> {
  for await (const line of createInterface(stream)) return line;
  throw new Error("Xvfb does not start");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill();
  await exit;
}
