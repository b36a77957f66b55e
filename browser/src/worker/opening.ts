/** Opens a bundle in a worker: its files are requested while the module starts. */

import type { Model } from "../../wasm/simd/pocket_onnx.js";
import { PocketTTSError } from "../errors.js";
import { BundleFiles, keepManifest, type Progress } from "../loading/bundle.js";
import type { Compiled } from "../loading/module.js";
import { modelFiles } from "../loading/needed.js";
import type { FileEntry, Manifest, WeightFormat } from "../manifest.js";
import { Components } from "./components.js";
import { type DecoderPart, decoderPart } from "./decoder-parts.js";
import { Engine } from "./engine.js";
import type { Opening, Role } from "./messages.js";
import { type Module, startModule, withEngine } from "./module.js";
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
  model: Model;
  components: Components;
  /** The part of the decoder that this worker runs, if that is shared. */
  part: DecoderPart | undefined;
  voices: Voices;
  rewriter: Rewriter;
  /** Whether all files came from Cache Storage. */
  cacheHit: boolean;
  /** The vector instructions that the engine uses. */
  instructions: string | undefined;
}

/** Loads what the role needs. */
export async function open(
  opening: Opening,
  compiling: Promise<Compiled>,
  listen: (progress: Progress) => void,
): Promise<Opened> {
  const { addresses, backend, dtype, role, peer } = opening;
  const files = new BundleFiles(addresses, listen);
  for (const file of early(opening)) {
    files.ask(file);
  }
  const compiled = await compiling;
  let module = await startModule(compiled);
  module.wasm.checkManifest(opening.manifest);
  const manifest: Manifest = JSON.parse(opening.manifest);
  checkFormat(manifest, dtype);
  // The manifest is stored before the files are: `sweep` deletes files that no stored manifest lists.
  files.storeAfter(keepManifest(addresses, opening.manifest));
  const part = decoderPart(opening, manifest);
  let runtime: (model: Model) => Promise<Runtime>;
  let instructions: string | undefined;
  if (backend === "engine") {
    // Its self-test takes a moment, in which the files arrive.
    const { engine, ...own } = await withEngine(module, compiled);
    module = own;
    instructions = engine.instructions;
    runtime = async (model) => new Engine(own, engine, model, files, part);
  } else {
    const starting = import("./onnxruntime.js").then(({ OnnxRuntime }) => OnnxRuntime.start(files, opening.threads));
    // Its error is thrown below, where it is awaited.
    starting.catch(() => {});
    runtime = () => starting;
  }
  const tokenizer = await files.bytes(manifest.tokenizer.file, "model");
  const model = new module.wasm.Model(opening.manifest, tokenizer);
  // The first part of the decoder runs where the backbone does.
  const components = await Components.load(manifest, await runtime(model), part?.isFirst ? "whole" : role);
  if (role === "decoder") {
    // The other worker still loads the backbone, which is larger.
    await decodeSilence(components.stream("mimi_decoder"), manifest, part !== undefined);
  }
  const voices = new Voices(module, model, manifest, files, components);
  const rewriter = new Rewriter(model, manifest);
  const { cacheHit } = files;
  return { role, peer, module, manifest, model, components, part, voices, rewriter, cacheHit, instructions };
}

/**
 * The files to request before the manifest is checked: none if there is any doubt about the manifest, or if the
 * bundle will be refused. The module's check then says what is wrong.
 */
function early({ manifest: text, backend, dtype, role }: Opening): FileEntry[] {
  try {
    const manifest: Manifest = JSON.parse(text);
    if (dtype !== undefined && formatOf(manifest) !== dtype) {
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
