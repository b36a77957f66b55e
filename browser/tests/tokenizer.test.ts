/** 506 hard lines with four vocabularies, each in both kinds of file, in the page. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PACKAGE } from "./support/bundles.js";
import { type Browser, launch } from "./support/chromium.js";
import { openPage, servePackage } from "./support/page.js";
import type { Server } from "./support/server.js";

/** In the order of the cases' ids. */
const VOCABULARIES = ["unigram_identity", "unigram_nfkc", "bpe_identity", "bpe_nfkc"];
/** Stands in the files for the table of replacements. */
const MARK = "@nmt_nfkc@";

/** A text, and for each vocabulary the ids of `tokenizers` and, where they differ, of `sentencepiece`. */
type Case = [string, number[][][]];

let browser: Browser;
let server: Server;
let cases: Case[];

beforeAll(async () => {
  browser = await launch();
  server = await servePackage(true);
  const lines = (await unpacked("cases.jsonl")).toString("utf8").split("\n");
  cases = lines.map((line) => JSON.parse(line) as Case);
});

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

async function unpacked(name: string): Promise<Buffer> {
  return gunzipSync(await readFile(join(PACKAGE, "../fixtures/tokenizers", `${name}.gz`)));
}

/** A vocabulary's file, as the library wrote it. */
async function vocabulary(name: string): Promise<Buffer> {
  const [file, table] = [await unpacked(name), await unpacked("nmt_nfkc")];
  const at = file.indexOf(MARK);
  if (at < 0) return file;
  const whole = name.endsWith(".json") ? Buffer.from(table.toString("base64")) : table;
  return Buffer.concat([file.subarray(0, at), whole, file.subarray(at + MARK.length)]);
}

for (const [index, name] of VOCABULARIES.entries()) {
  for (const kind of ["json", "model"]) {
    test(`${name}.${kind}`, async () => {
      expect(cases.length).toBe(506);
      const file = (await vocabulary(`${name}.${kind}`)).toString("base64");
      const page = await openPage(browser.context, server);
      const texts = cases.map(([text]) => text);
      const actual = await page.evaluate(tokenize, { file, kind, texts });
      await page.close();
      const expected = cases.map(([, ids]) => (kind === "json" ? ids[index]?.[0] : ids[index]?.at(-1)));
      const wrong = texts.filter((_, i) => JSON.stringify(actual[i]) !== JSON.stringify(expected[i]));
      expect(wrong).toEqual([]);
    });
  }
}

/** Runs in the page. */
async function tokenize({ file, kind, texts }: { file: string; kind: string; texts: string[] }) {
  const { part } = globalThis;
  const { bestBuild, compile } = await part<typeof import("../src/loading/module.js")>("loading/module.js");
  const { startModule } = await part<typeof import("../src/worker/module.js")>("worker/module.js");
  const { Tokenizer } = (await startModule(await compile(bestBuild()))).wasm;
  const bytes = Uint8Array.from(atob(file), (c) => c.charCodeAt(0));
  const tokenizer = kind === "json" ? Tokenizer.fromJson(bytes) : Tokenizer.fromSentencePiece(bytes);
  return texts.map((text) => Array.from(tokenizer.encode(text)));
}
