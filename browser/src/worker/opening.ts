/** Opens a bundle in a worker: its files are requested while the module starts. */

import type { CheckedManifest, Model } from "../../wasm/simd/pocket_onnx.js";
import { PocketTTSError } from "../errors.js";
import { BundleFiles, keepManifest, type Progress } from "../loading/bundle.js";
import type { Compiled } from "../loading/module.js";
import { componentsOf, modelFiles, weightFormats } from "../loading/needed.js";
import type { FileEntry, Manifest, WeightFormat } from "../manifest.js";
import { Components } from "./components.js";
import { yieldToEventLoop } from "./credit.js";
import { type DecoderPart, decoderPart } from "./decoder-parts.js";
import { Engine } from "./engine.js";
import { type FromDecoder, hearDecoder } from "./from-decoder.js";
import type { Opening, Role, ToBackbone } from "./messages.js";
import { type Module, type ModuleWithEngine, startModule, withEngine, withTestedEngine } from "./module.js";
import { Rewriter } from "./rewriting.js";
import type { Runtime } from "./runtime.js";
import { decodeSilence } from "./silence.js";
import { Voices } from "./voices.js";

/** An open bundle. */
export interface Opened {
  role: Role;
  /** The other half's worker, if there is one. */
  peer: MessagePort | undefined;
  module: Module;
  manifest: Manifest;
  /** The manifest in the module. */
  checked: CheckedManifest;
  /** What reads texts and voices, unless the other worker does. */
  reading: Reading | undefined;
  components: Components;
  /** The part of the decoder that this worker runs, if that is shared. */
  part: DecoderPart | undefined;
  /** Whether all files came from Cache Storage. */
  cacheHit: boolean;
  /** The vector instructions that the engine uses. */
  instructions: string | undefined;
}

export interface Reading {
  model: Model;
  voices: Voices;
  rewriter: Rewriter;
}

/** A module, and the manifest in it. */
interface Started {
  module: Module;
  manifest: CheckedManifest;
}

/** Loads what the role needs. */
export async function open(
  opening: Opening,
  compiling: Promise<Compiled>,
  listen: (progress: Progress) => void,
): Promise<Opened> {
  const { addresses, backend, dtype, role, peer } = opening;
  const files = new BundleFiles(addresses, listen);
  const unchecked = parsed(opening.manifest);
  for (const file of early(unchecked, opening)) {
    files.ask(file);
  }
  const fromDecoder = role === "backbone" && peer !== undefined ? hearDecoder(peer) : undefined;
  const text = role === "decoder" ? ofDecoder(unchecked, opening.manifest) : opening.manifest;
  const started = await startModule(await compiling);
  // Before the manifest is checked: of two workers, the other one waits for this self-test.
  const testing = backend === "engine" ? startEngine(started, unchecked, opening, fromDecoder) : undefined;
  testing?.catch(() => {});
  if (fromDecoder === undefined) {
    // The check of the manifest, which takes as long, must not delay the message to that worker.
    await testing;
  }
  const first = check(started, text);
  // The module has found it to be a manifest.
  const manifest = unchecked as Manifest;
  checkFormat(manifest, dtype);
  // The manifest is stored before the files are: `sweep` deletes files that no stored manifest lists.
  files.storeAfter(keepManifest(addresses, opening.manifest));
  const part = decoderPart(opening, manifest, fromDecoder);
  let runtime: Promise<Runtime>;
  // The module to use, and its instructions.
  let ready: Promise<Started & { instructions: string | undefined }>;
  if (testing !== undefined) {
    const tested = testing.then((module) =>
      module.wasm === first.module.wasm ? { ...first, module } : { ...check(module, text), module },
    );
    runtime = Promise.resolve(new Engine(first.module, files, tested, part));
    ready = tested.then((it) => ({ ...it, instructions: it.module.engine.instructions.split("\n")[0] }));
  } else {
    runtime = import("./onnxruntime.js").then(({ OnnxRuntime }) => OnnxRuntime.start(files, opening.threads));
    ready = Promise.resolve({ ...first, instructions: undefined });
  }
  // The first part of the decoder runs where the backbone does.
  const loading = runtime.then((runtime) => Components.load(manifest, runtime, part?.isFirst ? "whole" : role));
  // Their errors are thrown below, where they are awaited.
  for (const later of [ready, loading]) {
    later.catch(() => {});
  }
  const tokenizer = role === "decoder" ? undefined : await files.bytes(manifest.tokenizer.file, "model");
  let model = tokenizer && new first.module.wasm.Model(first.manifest, tokenizer);
  const rewriter = model && new Rewriter(model.hasDigits, manifest);
  rewriter?.prepare();
  const { module, manifest: checked, instructions } = await ready;
  if (tokenizer && checked !== first.manifest) {
    model = new module.wasm.Model(checked, tokenizer);
  }
  const components = await loading;
  if (role === "decoder") {
    const silent = () => decodeSilence(components.stream("mimi_decoder").fork(), manifest, part !== undefined);
    // Nobody has to wait for it. What fails in it fails again in the first frame, and is reported then.
    yieldToEventLoop()
      .then(silent)
      .catch(() => {});
  }
  const reading = model &&
    rewriter && { model, voices: new Voices(module, model, manifest, files, components), rewriter };
  const { cacheHit } = files;
  return { role, peer, module, manifest, checked, reading, components, part, cacheHit, instructions };
}

/** Has the module check the text of a manifest. */
function check(module: Module, text: string): Started {
  return { module, manifest: new module.wasm.CheckedManifest(text) };
}

/** What the text of a manifest says, before anything is checked; undefined if it is no JSON. */
function parsed(text: string): Manifest | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The part of a manifest that describes the decoder: some browsers take a tenth of a second to read all of it in wasm.
 * The other worker checks the rest.
 */
function ofDecoder(manifest: Manifest | undefined, text: string): string {
  if (manifest === undefined) {
    return text;
  }
  try {
    const components = Object.entries(manifest.components).filter(([name]) => componentsOf("decoder").includes(name));
    // The seed may be larger than a number of JavaScript.
    const synthetic = null;
    return JSON.stringify({ ...manifest, synthetic, voices: [], components: Object.fromEntries(components) });
  } catch {
    return text;
  }
}

/** The module with its engine. Of two workers the decoder's, which has less to load, makes the self-test for both. */
async function startEngine(
  module: Module,
  manifest: Manifest | undefined,
  { role, peer }: Opening,
  fromDecoder: FromDecoder | undefined,
): Promise<ModuleWithEngine> {
  if (fromDecoder !== undefined) {
    return withTestedEngine(module, await fromDecoder.tested);
  }
  const started = await withEngine(module, weightFormats(manifest));
  if (role === "decoder") {
    const { build, engine } = started;
    peer?.postMessage({ type: "tested", tested: { build, instructions: engine.instructions } } satisfies ToBackbone);
  }
  return started;
}

/**
 * The files to request before the manifest is checked: none if there is any doubt about the manifest, or if the
 * bundle will be refused. The module's check then says what is wrong.
 */
function early(manifest: Manifest | undefined, { backend, dtype, role }: Opening): FileEntry[] {
  try {
    if (manifest === undefined || (dtype !== undefined && formatOf(manifest) !== dtype)) {
      return [];
    }
    const files = modelFiles(manifest, backend, role);
    return files.every(({ name, sha256 }) => typeof name === "string" && typeof sha256 === "string") ? files : [];
  } catch {
    return [];
  }
}

/** The backbone has most of the weights: its format is the bundle's. */
function formatOf(manifest: Manifest): WeightFormat | undefined {
  return manifest.components["flow_lm"]?.format;
}

function checkFormat(manifest: Manifest, wanted: WeightFormat | undefined): void {
  const format = formatOf(manifest);
  if (wanted !== undefined && format !== wanted) {
    throw new PocketTTSError(
      "Options",
      `the weights of this bundle are ${format}, not ${wanted}: take another one, or convert it with --dtype ${wanted}`,
    );
  }
}
