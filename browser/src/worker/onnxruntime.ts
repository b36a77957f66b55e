/** ONNX Runtime Web, whose files are in this package, under the state layer. */

import type * as Ort from "onnxruntime-web/wasm";
import { messageOf, PocketTTSError } from "../errors.js";
import type { BundleFiles, Purpose } from "../loading/bundle.js";
import type { Component } from "../manifest.js";
import { ComponentStream } from "../state.js";
import type { Tensor, Tensors } from "../tensor.js";
import type { Runtime, Stream } from "./runtime.js";

export class OnnxRuntime implements Runtime {
  readonly #ort: typeof Ort;
  readonly #files: BundleFiles;

  private constructor(ort: typeof Ort, files: BundleFiles) {
    this.#ort = ort;
    this.#files = files;
  }

  /** Fetches and starts ONNX Runtime. */
  static async start(files: BundleFiles, threads: number): Promise<OnnxRuntime> {
    const ort: typeof Ort = await import("../../onnxruntime/ort.wasm.min.js");
    const { wasm } = ort.env;
    wasm.wasmPaths = {
      mjs: new URL("../../onnxruntime/ort-wasm-simd-threaded.js", import.meta.url).href,
      wasm: new URL("../../onnxruntime/ort-wasm-simd-threaded.wasm", import.meta.url).href,
    };
    wasm.numThreads = threads;
    ort.env.logLevel = "error";
    return new OnnxRuntime(ort, files);
  }

  async load(name: string, component: Component, purpose: Purpose): Promise<Stream> {
    const [graph, data] = await Promise.all([
      this.#files.bytes(component.graph, purpose),
      this.#files.bytes(component.data, purpose),
    ]);
    const session = await this.#try("load", name, () =>
      this.#ort.InferenceSession.create(graph, {
        executionProviders: ["wasm"],
        externalData: [{ path: component.data.name, data }],
      }),
    );
    const run = async (inputs: Tensors): Promise<Tensors> => {
      const feeds = Object.entries(inputs).map(([input, tensor]) => [input, this.#toOrt(tensor)]);
      const outputs = await this.#try("run", name, () => session.run(Object.fromEntries(feeds)));
      return Object.fromEntries(Object.entries(outputs).map(([output, tensor]) => [output, fromOrt(tensor)]));
    };
    return new ComponentStream(component, run);
  }

  #toOrt(tensor: Tensor): Ort.Tensor {
    return tensor.dtype === "f32"
      ? new this.#ort.Tensor("float32", tensor.data, tensor.shape)
      : new this.#ort.Tensor("int64", tensor.data, tensor.shape);
  }

  async #try<T>(what: string, name: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      throw new PocketTTSError("Runtime", `ONNX Runtime cannot ${what} ${name}: ${messageOf(cause)}`, { cause });
    }
  }
}

function fromOrt(tensor: Ort.Tensor): Tensor {
  const shape = [...tensor.dims];
  const { data } = tensor;
  if (data instanceof Float32Array) {
    return { dtype: "f32", shape, data };
  }
  if (data instanceof BigInt64Array) {
    return { dtype: "i64", shape, data };
  }
  throw new PocketTTSError("Runtime", `ONNX Runtime gives a tensor of ${tensor.type}`);
}
