/** What runs components: the engine, or ONNX Runtime under the state layer. */

import type { Purpose } from "../loading/bundle.js";
import type { BundledComponent } from "../manifest.js";
import type { Tensor, Tensors } from "../tensor.js";

/** One stream through a component, which carries its states and position. */
export interface Stream {
  /** Names of the inputs that are states. */
  readonly stateNames: string[];
  /** Positions counted so far. */
  readonly position: number;
  /** Runs the component once. Takes and returns everything except the states. */
  run(inputs: Tensors): Tensors | Promise<Tensors>;
  /** Goes back to the state before the first call. */
  reset(): void;
  /** A stream that continues from the same state, independently. */
  fork(): Stream;
  /** Turns the output `attention` of later calls on or off. Throws if the component cannot give it. */
  watch(on: boolean): void;
  /** The state that goes into input `name`. */
  state(name: string): Tensor;
  setState(name: string, value: Tensor): void;
  setPosition(position: number): void;
  /** Frees its memory. */
  free(): void;
}

/** Loads components. */
export interface Runtime {
  load(name: string, component: BundledComponent, purpose: Purpose): Promise<Stream>;
}
