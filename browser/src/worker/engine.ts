/** The engine: components in the wasm module, from the bytes of their data files. */

import type { Bytes, CheckedManifest } from "../../wasm/simd/pocket_onnx.js";
import type { BundleFiles, Purpose } from "../loading/bundle.js";
import type { BundledComponent } from "../manifest.js";
import { type DecoderPart, sendWeights } from "./decoder-parts.js";
import type { Module, ModuleWithEngine } from "./module.js";
import type { Runtime, Stream } from "./runtime.js";

/** What components are loaded with, once the self-test is done. */
export interface Started {
  module: ModuleWithEngine;
  manifest: CheckedManifest;
}

export class Engine implements Runtime {
  /** The module that files are read into. */
  #module: Module;
  readonly #files: BundleFiles;
  readonly #started: Promise<Started>;
  /** The part of the decoder that is run here, if that is shared. */
  readonly #part: DecoderPart | undefined;

  /** Files are read into the memory of `module` before it is known whether another one has to run them. */
  constructor(module: Module, files: BundleFiles, started: Promise<Started>, part?: DecoderPart) {
    this.#module = module;
    this.#files = files;
    this.#started = started.then((it) => {
      this.#module = it.module;
      return it;
    });
    // Whoever loads a component awaits it.
    this.#started.catch(() => {});
    this.#part = part;
  }

  async load(name: string, component: BundledComponent, purpose: Purpose): Promise<Stream> {
    const part = name === "mimi_decoder" ? this.#part : undefined;
    if (part === undefined) {
      const bytes = await this.#read(component, purpose);
      const { module, manifest } = await this.#started;
      return module.engine.load(manifest, name, bytes.in(module));
    }
    if (part.isFirst) {
      const weights = await part.weights;
      const { module, manifest } = await this.#started;
      const bytes = new WeightMemory(module, weights.length);
      bytes.view().set(weights);
      return module.engine.loadDecoderPart(manifest, true, part.layers, bytes.in(module));
    }
    const bytes = await this.#read(component, purpose);
    sendWeights(part, component, bytes.view());
    const { module, manifest } = await this.#started;
    return module.engine.loadDecoderPart(manifest, false, part.layers, bytes.in(module));
  }

  /** Reads a component's data file straight into the module's memory. */
  async #read({ data }: BundledComponent, purpose: Purpose): Promise<WeightMemory> {
    const bytes = new WeightMemory(this.#module, data.size);
    try {
      await this.#files.read(data, purpose, bytes);
    } catch (error) {
      bytes.free();
      throw error;
    }
    return bytes;
  }
}

/** Memory of a module for a file, taken when its first bytes have come. */
class WeightMemory {
  readonly #module: Module;
  readonly #size: number;
  #bytes: Bytes | undefined;

  constructor(module: Module, size: number) {
    this.#module = module;
    this.#size = size;
  }

  /** The bytes, until the module's memory grows: its buffer changes then. */
  view(): Uint8Array<ArrayBuffer> {
    const { pointer, length } = this.#taken();
    return new Uint8Array(this.#module.memory.buffer as ArrayBuffer, pointer, length);
  }

  checksum(): string {
    return this.#taken().checksum;
  }

  /** The bytes in the memory of `module`, to which they are copied if they are elsewhere. */
  in(module: Module): Bytes {
    if (module.wasm === this.#module.wasm) {
      return this.#taken();
    }
    const other = new WeightMemory(module, this.#size);
    other.view().set(this.view());
    this.free();
    return other.in(module);
  }

  free(): void {
    this.#bytes?.free();
  }

  #taken(): Bytes {
    this.#bytes ??= new this.#module.wasm.Bytes(this.#size);
    return this.#bytes;
  }
}
