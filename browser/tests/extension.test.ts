/** The extension: a speech engine for the pages of Chromium, and a reader of pages. */

import type { Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { BUNDLES } from "./support/bundles.js";
import {
  buildExtension,
  type Extended,
  launchExtended,
  launchExtendedFirefox,
  openFirefoxPopup,
  removeFolder,
  withLocalPages,
} from "./support/extension.js";
import { type Server, serve } from "./support/server.js";
import { keep, measure, takePlayed } from "./support/sound.js";

/** An event of an utterance, as a page hears it. */
interface Heard {
  type: string;
  name: string;
  at: number;
  length: number;
  error: string | undefined;
}

declare global {
  /** Words of the page that were marked. */
  var marked: string[];
  /** The settings that a test has replaced. */
  var settingsBefore: object | undefined;
  /** Speaks with a voice of the extension, and gives all events. */
  function say(
    text: string,
    options?: { voice?: string; rate?: number; volume?: number; stopAfter?: number; pauseAfter?: number },
  ): Promise<Heard[]>;
}

const ARTICLE = `<!doctype html><html lang="en"><title>An article</title>
<nav><a href="#">Home</a> <a href="#">Shop</a></nav>
<article><h1>A breath of fresh air</h1>
${`<p>The new <b>management</b> was like a breath of fresh air. She buys for the big department store, and
walks home in the evening, when the shops are closed and the streets are quiet.</p>`.repeat(4)}
<p id="chosen">Is your husband working again?</p></article><footer>All rights reserved.</footer>`;

/** None of its lines ends with a full stop. */
const LINES = `<!doctype html><html lang="en"><title>Lines</title>
<main id="chosen"><h2>What you need</h2><ul><li>some flour</li><li>cold <a href="#">water</a></li></ul></main>`;

const PAGES = {
  "/article": ARTICLE,
  "/lines": LINES,
  "/empty": `<!doctype html><html lang="en"><title>Empty</title><button>Save</button>`,
  "/frame": `<!doctype html><html lang="en"><title>Around</title><p>Around it.</p><iframe src="article"></iframe>`,
};

const SPEAKING = `<!doctype html><html lang="en"><title>speaks</title><script>
  window.say = async (text, { voice = "Heron (pocket-onnx)", rate = 1, volume = 1, stopAfter, pauseAfter } = {}) => {
    while (!speechSynthesis.getVoices().some(({ name }) => name === voice))
      await new Promise((resolve) => setTimeout(resolve, 50));
    const utterance = new SpeechSynthesisUtterance(text);
    utterance.voice = speechSynthesis.getVoices().find(({ name }) => name === voice);
    Object.assign(utterance, { rate, volume });
    const heard = [];
    return new Promise((resolve) => {
      for (const type of ["start", "boundary", "pause", "resume", "end", "error"]) {
        utterance.addEventListener(type, ({ name, charIndex, charLength, error }) => {
          heard.push({ type, name, at: charIndex, length: charLength, error });
          const words = heard.filter(({ name }) => name === "word").length;
          if (words === stopAfter) speechSynthesis.cancel();
          if (words === pauseAfter && type === "boundary") {
            speechSynthesis.pause();
            setTimeout(() => speechSynthesis.resume(), 1000);
          }
          if (type === "end" || type === "error") resolve(heard);
        });
      }
      speechSynthesis.speak(utterance);
    });
  };
</script>`;

let extension: string;
let local: string;
let site: Server;
let extended: Extended;
let speaker: Page;
let page: Page;

beforeAll(async () => {
  extension = await buildExtension("chromium");
  local = await withLocalPages(extension);
  site = await serve({ "/models/": BUNDLES }, { pages: { "/": SPEAKING, ...PAGES } });
  extended = await launchExtended(local);
  speaker = await extended.speaker();
  page = await extended.browser.newPage();
  await page.goto(site.url);
});

afterEach(async () => {
  for (const open of await extended.browser.pages()) {
    if (open !== page && open.url() !== "about:blank") await open.close();
  }
});

afterAll(async () => {
  await extended?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
  await Promise.all([removeFolder(extension), removeFolder(local)]);
});

const SENTENCE = "The new management was like a breath of fresh air.";

test("speechSynthesis speaks with its voices, and hears of each sentence and word in order", async () => {
  const text = `  Hello there! ${SENTENCE}`;
  const heard = await page.evaluate((text) => say(text), text);
  const words = heard.filter(({ name }) => name === "word");
  expect(words.map(({ at, length }) => text.slice(at, at + length))).toEqual(text.trim().split(" "));
  const order = heard.map(({ type, name }) => name || type);
  expect([order[0], order.at(-1)]).toEqual(["start", "end"]);
  const sentences = heard.filter(({ name }) => name === "sentence");
  expect(sentences.map(({ at }) => at)).toEqual([text.indexOf("Hello"), text.indexOf("The")]);
  // A sentence is told before the first of its words.
  const second = heard.findIndex(({ name, at }) => name === "sentence" && at === text.indexOf("The"));
  expect(heard[second + 1]).toMatchObject({ name: "word", at: text.indexOf("The") });
  expect(heard[second - 1]).toMatchObject({ name: "word", at: text.indexOf("there!") });
});

test("what is heard are the words, at the rate and volume that are asked for", async () => {
  const take = async (voice: string, options: object) => {
    await takePlayed(speaker);
    await page.evaluate((text, options) => say(text, options), SENTENCE, { voice, ...options });
    return takePlayed(speaker);
  };
  const plain = await take("Robin (pocket-onnx)", {});
  await keep("extension-00", SENTENCE, plain);
  const [usual, fast] = [measure(plain), measure(await take("Robin (pocket-onnx)", { rate: 1.5, volume: 0.5 }))];
  expect(usual.level).toBeGreaterThan(0.02);
  // Each utterance has noise of its own, and so a length of its own.
  expect(usual.seconds / fast.seconds).toBeGreaterThan(1.2);
  expect(usual.level / fast.level).toBeGreaterThan(1.4);
  // The pitch stays: its crossings of zero do not come faster with the rate.
  expect(fast.crossings / usual.crossings).toBeLessThan(1.25);
  const heron = await take("Heron (pocket-onnx)", {});
  await keep("extension-01", SENTENCE, heron);
});

test("cancel is silence, and the next utterance is spoken by the model that is still there", async () => {
  const workers = () => extended.browser.targets().filter((target) => target.url().includes("/worker-"));
  const before = workers();
  expect(before.length).toBeGreaterThan(0);
  await takePlayed(speaker);
  const heard = await page.evaluate((text) => say(text, { stopAfter: 3 }), `${SENTENCE} `.repeat(5));
  expect(heard.at(-1)).toMatchObject({ type: "error" });
  expect(["canceled", "interrupted"]).toContain(heard.at(-1)?.error);
  expect(heard.filter(({ name }) => name === "word")).toHaveLength(3);
  await takePlayed(speaker);
  const { samples } = await takePlayed(speaker);
  expect(samples.every((sample) => sample === 0)).toBe(true);
  const next = await page.evaluate(() => say("Again."));
  expect(next.map(({ type, name }) => name || type)).toEqual(["start", "sentence", "word", "end"]);
  expect(workers()).toEqual(before);
});

test("pause and resume are told, and nothing is lost", async () => {
  const heard = await page.evaluate((text) => say(text, { pauseAfter: 3 }), SENTENCE);
  const order = heard.map(({ type, name }) => name || type);
  expect(order.filter((it) => it === "pause" || it === "resume")).toEqual(["pause", "resume"]);
  expect(order.filter((it) => it === "word")).toHaveLength(SENTENCE.split(" ").length);
  // Nothing happens while it is paused.
  expect(order.indexOf("resume")).toBe(order.indexOf("pause") + 1);
});

test("sentences that a page queues one by one are all spoken; a text without words ends at once", async () => {
  const all = await page.evaluate(() => Promise.all(["One.", "— — —", "Two.", "Three."].map((text) => say(text))));
  for (const heard of all) {
    expect(heard[0]?.type).toBe("start");
    expect(heard.at(-1)?.type).toBe("end");
  }
  expect(all.map((heard) => heard.filter(({ name }) => name === "word").length)).toEqual([1, 0, 1, 1]);
});

/** A page with something to read, and the popup over it. */
async function reading({ path = "article", select = false } = {}): Promise<{ article: Page; popup: Page }> {
  const article = await extended.browser.newPage();
  const url = new URL(path, site.url).href;
  await article.goto(url);
  await article.evaluate((select) => {
    if (select) getSelection()?.selectAllChildren(document.getElementById("chosen") as HTMLElement);
    globalThis.marked = [];
    const inner = document.querySelector("iframe")?.contentWindow as typeof globalThis | null | undefined;
    const { highlights } = (inner ?? globalThis).CSS;
    setInterval(() => {
      const [range] = highlights.get("pocket-onnx-word") ?? [];
      const word = range === undefined ? "" : String(range);
      if (word !== globalThis.marked.at(-1)) globalThis.marked.push(word);
    }, 10);
  }, select);
  const popup = await extended.browser.newPage();
  await popup.goto(`${extended.root}popup.html`);
  // The one before its own: the addresses of some pages are hidden from extensions.
  const tab = await popup.evaluate(async () => {
    const own = await chrome.tabs.getCurrent();
    return (await chrome.tabs.query({})).find(({ index }) => index + 1 === own?.index)?.id;
  });
  await popup.goto(`${extended.root}popup.html?tab=${tab}`);
  await popup.waitForFunction(() => (document.getElementById("voice") as HTMLSelectElement).value !== "");
  return { article, popup };
}

/** Presses a button of the popup by keys alone. */
async function press(popup: Page, id: string): Promise<void> {
  await popup.bringToFront();
  for (let keys = 0; keys < 20; keys += 1) {
    await popup.keyboard.press("Tab");
    if (await popup.evaluate((id) => document.activeElement?.id === id, id)) {
      await popup.keyboard.press("Enter");
      return;
    }
  }
  throw new Error(`the Tab key does not come to #${id}`);
}

/** Moves the popup's slider of the rate. */
async function setRate(popup: Page, rate: number): Promise<void> {
  await popup.evaluate((rate) => {
    const slider = document.getElementById("rate") as HTMLInputElement;
    slider.valueAsNumber = rate;
    slider.dispatchEvent(new Event("input"));
  }, rate);
}

/** Waits until the popup says this. */
async function status(popup: Page, text: string): Promise<void> {
  const said = () => popup.evaluate(() => document.getElementById("status")?.textContent);
  await expect.poll(said, { timeout: 20_000 }).toBe(text);
}

/** Words as they were seen: on a busy machine a short one may be gone before anybody looks. */
function expectInOrder(seen: readonly string[], text: string): void {
  let left = text.split(" ");
  expect(seen[0]).toBe(left[0]);
  for (const word of seen) {
    const at = left.indexOf(word);
    expect(at, `"${word}" of "${seen.join(" ")}"`).toBeGreaterThanOrEqual(0);
    expect(at).toBeLessThan(3);
    left = left.slice(at + 1);
  }
}

test("the popup reads an article and marks each word; Escape on the page ends it", async () => {
  const { article, popup } = await reading();
  // So that the mark of the short first word stays long enough to be seen on a busy machine.
  await setRate(popup, 0.5);
  await press(popup, "read");
  await status(popup, "Speaking.");
  await article.waitForFunction(() => globalThis.marked.filter((word) => word !== "").length > 9, { polling: 100 });
  const words = await markedWords(article);
  // Neither the site's menu nor its title.
  expectInOrder(words, "The new management was like a breath of fresh air. She buys for the big department store, and");

  await press(popup, "pause");
  await status(popup, "Paused.");
  await press(popup, "pause");
  await status(popup, "Speaking.");
  await article.bringToFront();
  await article.keyboard.press("Escape");
  await status(popup, "");
  expect(await article.evaluate(() => CSS.highlights.size)).toBe(0);
  await setRate(popup, 1);
});

test("the popup reads what is selected, with the voice that is chosen in it", async () => {
  const { article, popup } = await reading({ select: true });
  await popup.select("#voice", "heron");
  await takePlayed(speaker);
  await press(popup, "read");
  await status(popup, "Speaking.");
  await status(popup, "");
  const words = await markedWords(article);
  const text = "Is your husband working again?";
  expectInOrder(words, text);
  expect(words.at(-1)).toBe("again?");
  await keep("extension-02", text, await takePlayed(speaker));
});

/** Words that were marked. */
async function markedWords(article: Page): Promise<string[]> {
  return (await article.evaluate(() => globalThis.marked)).filter((word) => word !== "");
}

test("the last word of a line without a full stop is marked, too", async () => {
  const { article, popup } = await reading({ path: "lines", select: true });
  await press(popup, "read");
  await status(popup, "Speaking.");
  await status(popup, "");
  const words = await markedWords(article);
  for (const last of ["need", "flour", "water"]) expect(words).toContain(last);
});

test("an article in a frame is read; Escape on the page around it ends that", async () => {
  const { article, popup } = await reading({ path: "frame" });
  await press(popup, "read");
  await status(popup, "Speaking.");
  await expect.poll(() => markedWords(article), { timeout: 20_000 }).toContain("breath");
  await article.bringToFront();
  await article.keyboard.press("Escape");
  await status(popup, "");
});

test("a page that is left is read no further, and has no mark when it is shown again", async () => {
  const { article, popup } = await reading();
  await press(popup, "read");
  await expect.poll(() => markedWords(article), { timeout: 20_000 }).toContain("breath");
  await article.goto(`${site.url}lines`);
  await status(popup, "");
  await article.goBack();
  expect(await article.evaluate(() => CSS.highlights.size)).toBe(0);
});

test("what cannot be read or spoken is said in words, in the popup and at the button", async () => {
  const { popup } = await reading({ path: "empty" });
  await press(popup, "read");
  await status(popup, "There is no text to read on this page.");

  const refused = await reading({ path: "chrome://version/" });
  await press(refused.popup, "read");
  await status(refused.popup, "The browser lets no extension read this page (Cannot access a chrome:// URL).");

  const { article, popup: other } = await reading();
  const [name, bundle] = ["gone", `${site.url}models/gone/`];
  await other.evaluate(
    async (model) => {
      const { settings } = await chrome.storage.local.get<{ settings?: { models: object[] } }>("settings");
      globalThis.settingsBefore = settings;
      const models = [...(settings?.models ?? []), { ...model, language: "english", voices: ["alba"] }];
      await chrome.storage.local.set({ settings: { ...settings, models, model: model.name } });
    },
    { name, bundle },
  );
  await press(other, "read");
  const said = () => other.evaluate(() => document.getElementById("status")?.textContent);
  await expect.poll(said, { timeout: 20_000 }).toMatch(/^cannot fetch .*gone.*404/);
  const badge = () =>
    other.evaluate(async () => {
      const { id } = (await chrome.tabs.query({})).find(({ url }) => url?.endsWith("/article")) ?? {};
      return chrome.action.getBadgeText({ tabId: id });
    });
  await expect.poll(badge).toBe("!");
  await other.evaluate(() => chrome.storage.local.set({ settings: globalThis.settingsBefore ?? {} }));
  // The next reading takes the mark away.
  await press(other, "read");
  await status(other, "Speaking.");
  expect(await badge()).toBe("");
  await article.close();
});

test("the browser gives the extension both of its keys", async () => {
  const manager = await extended.browser.newPage();
  await manager.goto("chrome://extensions/");
  const keys = await manager.evaluate(
    () =>
      new Promise((resolve) => {
        type Infos = { name: string; commands: { keybinding: string; isActive: boolean }[] }[];
        const { developerPrivate } = chrome as unknown as {
          developerPrivate: { getExtensionsInfo(options: object, found: (infos: Infos) => void): void };
        };
        developerPrivate.getExtensionsInfo({}, (infos) => {
          resolve(infos.find(({ name }) => name === "pocket-onnx")?.commands.map((it) => [it.keybinding, it.isActive]));
        });
      }),
  );
  expect(keys).toEqual([
    ["Alt+Shift+O", true],
    ["Alt+Shift+L", true],
  ]);
  const { popup } = await reading();
  const hint = () => popup.evaluate(() => document.getElementById("key")?.textContent);
  expect(await hint()).toBe("Alt+Shift+L reads without this window.");
});

test("after a worker has failed, the next utterance is spoken by a model that is loaded again", async () => {
  const workers = () => speaker.workers().filter((worker) => worker.url().includes("/worker-"));
  expect((await page.evaluate((text) => say(text), SENTENCE)).at(-1)).toMatchObject({ type: "end" });
  expect(workers()).toHaveLength(2);
  await workers()[0]?.evaluate(() => {
    setTimeout(() => {
      throw new Error("nobody catches this");
    });
  });
  // The other worker ends with it.
  await expect.poll(() => workers().length).toBe(0);
  expect((await page.evaluate((text) => say(text), SENTENCE)).at(-1)).toMatchObject({ type: "end" });
});

test("a model that is added by its address has its voices in the browser's list", async () => {
  const { popup } = await reading();
  await popup.evaluate(() => {
    (document.querySelector("details") as HTMLDetailsElement).open = true;
  });
  await popup.type("#address", `${site.url}models/english_2m_default/`);
  const heard = page.evaluate((text) => say(text), SENTENCE);
  await press(popup, "address");
  await status(popup, "Added.");
  // What was being spoken is spoken to its end, by the other model.
  const told = await heard;
  expect(told.at(-1)).toMatchObject({ type: "end" });
  expect(told.filter(({ name }) => name === "word")).toHaveLength(SENTENCE.split(" ").length);
  const chosen = () =>
    popup.evaluate(() => ["model", "voice"].map((id) => (document.getElementById(id) as HTMLSelectElement).value));
  expect(await chosen()).toEqual(["english_2m_2026-10", "synthetic_1"]);
  const listed = () => page.evaluate(() => speechSynthesis.getVoices().map(({ name }) => name));
  await expect.poll(listed).toContain("Synthetic_1 (pocket-onnx, english_2m_2026-10)");
  await press(popup, "remove");
  await expect.poll(async () => (await chosen())[0]).toBe("starling");
  await expect.poll(listed).toEqual(["Robin (pocket-onnx)", "Heron (pocket-onnx)"]);
});

const firefox = process.env["POCKET_ONNX_FIREFOX"];

// On a machine without a loudspeaker Firefox waits for one: what is tested is everything up to that.
test.runIf(firefox !== undefined)("Firefox has the popup, and prepares what the page says", async () => {
  const built = await buildExtension("firefox");
  const dir = await withLocalPages(built);
  const browser = await launchExtendedFirefox(firefox ?? "", dir);
  try {
    const popup = await openFirefoxPopup(browser, site.url);
    const poll = <R>(work: () => R) => expect.poll(work, { timeout: 20_000 });
    const text = (id: string) => popup.evaluate((id) => document.getElementById(id)?.textContent, id);
    await poll(() => text("voice")).toBe("robinheron");
    expect(await text("engine")).toContain("Firefox lets no extension add voices");
    const article = await browser.newPage();
    await article.goto(`${site.url}article`);
    const url = `${site.url}article`;
    const tab = await popup.evaluate(
      async (url) => (await chrome.tabs.query({})).find((tab) => tab.url === url)?.id,
      url,
    );
    await popup.evaluate((tab) => void (location.search = `?tab=${tab}`), tab);
    await poll(() => text("voice")).toBe("robinheron");
    await popup.click("#read");
    await poll(() => text("status")).toMatch(/^(Preparing …|Speaking\.)$/);
    const stops = () => popup.evaluate(() => !(document.getElementById("stop") as HTMLButtonElement).disabled);
    await poll(stops).toBe(true);
    await popup.click("#stop");
    await poll(() => text("status")).toBe("");
  } finally {
    await browser.close();
    await Promise.all([removeFolder(built), removeFolder(dir)]);
  }
});
