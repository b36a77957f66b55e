/** The engine: components in the wasm module, from the bytes of their data files. */

import type { Bytes, Engine as WasmEngine, Model } from "../../wasm/simd/pocket_onnx.js";
import type { BundleFiles, Purpose } from "../loading/bundle.js";
import type { BundledComponent } from "../manifest.js";
import { type DecoderPart, receiveWeights, sendWeights } from "./decoder-parts.js";
import type { Module } from "./module.js";
import type { Runtime, Stream } from "./runtime.js";

export class Engine implements Runtime {
  readonly #module: Module;
  readonly #engine: WasmEngine;
  readonly #model: Model;
  readonly #files: BundleFiles;
  /** The part of the decoder that is run here, if that is shared. */
  readonly #part: DecoderPart | undefined;

  constructor(module: Module, engine: WasmEngine, model: Model, files: BundleFiles, part?: DecoderPart) {
    this.#module = module;
    this.#engine = engine;
    this.#model = model;
    this.#files = files;
    this.#part = part;
  }

  async load(name: string, component: BundledComponent, purpose: Purpose): Promise<Stream> {
    if (name !== "mimi_decoder" || this.#part === undefined) {
      return this.#engine.load(this.#model, name, await this.#read(component, purpose));
    }
    const { isFirst, layers, peer } = this.#part;
    if (isFirst) {
      const weights = await receiveWeights(peer);
      const bytes = new this.#module.wasm.Bytes(weights.length);
      this.#view(bytes).set(weights);
      return this.#engine.loadDecoderPart(this.#model, true, layers, bytes);
    }
    const bytes = await this.#read(component, purpose);
    sendWeights(this.#part, component, this.#view(bytes));
    return this.#engine.loadDecoderPart(this.#model, false, layers, bytes);
  }

  /** Reads a component's data file straight into the module's memory. */
  async #read({ data }: BundledComponent, purpose: Purpose): Promise<Bytes> {
    const bytes = new this.#module.wasm.Bytes(data.size);
    try {
      await this.#files.read(data, purpose, { view: () => this.#view(bytes), checksum: () => bytes.checksum });
    } catch (error) {
      bytes.free();
      throw error;
    }
    return bytes;
  }

  /** The bytes, until the module's memory grows: its buffer changes then. */
  #view({ pointer, length }: Bytes): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#module.memory.buffer as ArrayBuffer, pointer, length);
  }
}
