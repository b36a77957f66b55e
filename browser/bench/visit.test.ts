/** How long a first visit of the page takes until it speaks: nothing is cached, and the model is the included one. */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { installedBrowsers, type Tab, until } from "../tests/support/browsers.js";
import { buildDemo } from "../tests/support/demo.js";
import { type Line, lineTo } from "../tests/support/line.js";
import { serve } from "../tests/support/server.js";
import { isAsked, report, RUNS } from "./asked.js";

/** Simulated network lines to the server; undefined means a direct connection. */
const LINES = [undefined, { megabits: 50, delay: 10 }];

/** Seconds from the beginning of the navigation. */
interface Moments {
  /** The page can be used. */
  ready?: number;
  /** The first sound is made, and is heard: some browsers let a page sound after a click only. */
  made?: number;
  heard?: number;
}

declare global {
  var moments: Moments;
}

/** Records when the page reaches these moments; it is put before the page's own script. */
const WATCH = `<script>
  globalThis.moments = {};
  const shows = { ready: ["model", (it) => it.options?.length > 0], made: ["spoken"], heard: ["first-sound"] };
  new MutationObserver(() => {
    for (const [moment, [id, isThere = (it) => /\\d/.test(it.textContent)]] of Object.entries(shows)) {
      const element = document.getElementById(id);
      if (element && isThere(element)) globalThis.moments[moment] ??= performance.now() / 1e3;
    }
  }).observe(document, { subtree: true, childList: true, characterData: true });
</script>`;

/** One run. */
interface Figures extends Moments {
  megabytes: number | undefined;
}

test.runIf(isAsked("visit"))(
  "a first visit",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "pocket-onnx-visit-"));
    await buildDemo(folder);
    const html = await readFile(join(folder, "index.html"), "utf8");
    const watched = html.replace("<head>", `<head>${WATCH}`);
    expect(watched).not.toBe(html);
    await using site = await serve({ "/": folder }, { isolated: true, published: true, pages: { "/": watched } });
    const cases = installedBrowsers().flatMap((kind) => LINES.map((line) => ({ kind, line, runs: [] as Figures[] })));
    for (let run = 0; run < RUNS; run++) {
      for (const { kind, line, runs } of cases) {
        const slow: Line | undefined = line && (await lineTo(site.url, line.megabits * 1e6, line.delay));
        const browser = await kind.launch();
        const tab = await browser.open(`${slow?.url ?? site.url}#speak`);
        await until(tab, () => globalThis.moments.made !== undefined, undefined);
        // Until the first sound.
        const megabytes = slow && slow.received() / 1e6;
        runs.push({ ...(await moments(tab)), megabytes });
        await browser[Symbol.asyncDispose]();
        await slow?.[Symbol.asyncDispose]();
        console.log(JSON.stringify({ browser: kind.name, line, ...runs.at(-1) }));
      }
    }
    await rm(folder, { recursive: true });
    await report(
      "visit",
      cases.map(({ kind, line, runs }) => ({ browser: kind.name, megabits: line?.megabits, delay: line?.delay, runs })),
    );
  },
  1_800_000,
);

/** The moments, read after the sound had time to begin. */
async function moments(tab: Tab): Promise<Moments> {
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return tab.evaluate(() => globalThis.moments, undefined);
}
