/** The engine: components in the wasm module, from the bytes of their data files. */

import type { Engine as WasmEngine, Model } from "../../wasm/simd/pocket_onnx.js";
import type { BundleFiles, Purpose } from "../loading/bundle.js";
import type { Component } from "../manifest.js";
import type { Module } from "./module.js";
import type { Runtime, Stream } from "./runtime.js";

export class Engine implements Runtime {
  readonly #module: Module;
  readonly #engine: WasmEngine;
  readonly #model: Model;
  readonly #files: BundleFiles;

  constructor(module: Module, engine: WasmEngine, model: Model, files: BundleFiles) {
    this.#module = module;
    this.#engine = engine;
    this.#model = model;
    this.#files = files;
  }

  async load(name: string, component: Component, purpose: Purpose): Promise<Stream> {
    const { wasm, memory } = this.#module;
    const bytes = new wasm.Bytes(component.data.size);
    try {
      // Straight into the module's memory, whose buffer changes when it grows.
      const { pointer, length } = bytes;
      await this.#files.read(component.data, purpose, {
        view: () => new Uint8Array(memory.buffer as ArrayBuffer, pointer, length),
        checksum: () => bytes.checksum,
      });
    } catch (error) {
      bytes.free();
      throw error;
    }
    return this.#engine.load(this.#model, name, bytes);
  }
}
