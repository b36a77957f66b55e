/** Rewrites texts as they are spoken. The module for that is loaded with the first text that needs it. */

import type * as Normalize from "../../wasm/normalize/pocket_onnx_normalize.js";
import { messageOf, PocketTTSError } from "../errors.js";
import { readsNumbers } from "../languages.js";
import { compileFile } from "../loading/module.js";
import type { Manifest } from "../manifest.js";
import type { Rewriting } from "./messages.js";

type Module = typeof Normalize;

export class Rewriter {
  /** Whether the model's vocabulary has digits. */
  readonly #hasDigits: boolean;
  readonly #language: string | undefined;
  #module: Promise<Module> | undefined;
  /** What rewrote the last text, and with which options. */
  #last: { asked: string; normalizer: Normalize.Normalizer } | undefined;

  constructor(hasDigits: boolean, manifest: Manifest) {
    this.#hasDigits = hasDigits;
    this.#language = manifest.language ?? undefined;
  }

  /**
   * Loads the module if texts need it without being asked: it can come while the worker waits for weights. An error
   * is reported by the first text.
   */
  prepare(): void {
    this.start({ normalize: undefined, replacements: undefined }).then(
      (rewriter) => rewriter?.free(),
      () => {},
    );
  }

  /** What rewrites a text as asked, or as the vocabulary needs it; undefined if the text is not changed. */
  async start(rewriting: Rewriting): Promise<Normalize.Rewriter | undefined> {
    const language = this.#wanted(rewriting.normalize);
    if (language === undefined && isEmpty(rewriting.replacements)) {
      return undefined;
    }
    const normalizer = await this.#normalizer(language, rewriting);
    return normalizer.rewriter();
  }

  /** The language in which numbers become words; undefined if they are not changed. */
  #wanted(normalize: Rewriting["normalize"]): string | undefined {
    if (typeof normalize === "string") {
      return normalize;
    }
    if (normalize === true) {
      if (this.#language === undefined) {
        const way = 'name one, as in `normalize: "german"`';
        throw new PocketTTSError("Options", `the model does not say its language: ${way}`);
      }
      return this.#language;
    }
    const isNeeded = normalize === undefined && !this.#hasDigits;
    return isNeeded && readsNumbers(this.#language) ? this.#language : undefined;
  }

  async #normalizer(language: string | undefined, { replacements }: Rewriting): Promise<Normalize.Normalizer> {
    const asked = JSON.stringify([language, replacements]);
    this.#module ??= load();
    this.#module.catch(() => (this.#module = undefined));
    const module = await this.#module;
    // After that, since `prepare` may have made it meanwhile.
    if (this.#last?.asked !== asked) {
      const normalizer = new module.Normalizer(language, replacements, !this.#hasDigits);
      this.#last?.normalizer.free();
      this.#last = { asked, normalizer };
    }
    return this.#last.normalizer;
  }
}

function isEmpty(replacements: Rewriting["replacements"]): boolean {
  return replacements === undefined || replacements.length === 0;
}

async function load(): Promise<Module> {
  try {
    const module: Module = await import("../../wasm/normalize/pocket_onnx_normalize.js");
    const file = new URL("../../wasm/normalize/pocket_onnx_normalize_bg.wasm", import.meta.url);
    await module.default({ module_or_path: await compileFile(file) });
    return module;
  } catch (cause) {
    throw new PocketTTSError("Network", `the module that rewrites numbers cannot be loaded: ${messageOf(cause)}`, {
      cause,
    });
  }
}
