/**
 * The state layer of a bundle: what `docs/bundle.md` calls states and position.
 *
 * The graphs of a bundle keep nothing between calls. Everything that upstream's modules remember is a
 * tensor that goes in and comes out, and the manifest says how each is carried from call to call:
 *
 * 1. Before the first call every state is initialised as its `initial` says, and the position is set.
 * 2. In a call, states and position are added to the caller's inputs.
 * 3. After it every state is appended or replaced, and the position advances.
 *
 * Nothing here knows what a component computes, how many states it has, or which runtime runs the graph:
 * that is the function `run`.
 */

import { checked, read } from "./checks/check.js";
import { guard } from "./checks/guard.js";
import { component as aComponent, graphRunner, tensor, tensors, wholeNumber } from "./checks/tensors.js";
import { PocketTTSError } from "./errors.js";
import type { Component, Dim, DType } from "./manifest.js";
import { append, copy, type RunGraph, takes, type Tensor, type Tensors, zeros } from "./tensor.js";

export type { Component, Manifest, PositionCounter, State, TensorInfo } from "./manifest.js";
export type { RunGraph, Tensor, Tensors } from "./tensor.js";

/** A stream of a component whose graph keeps no state. */
export class ComponentStream {
  readonly #component: Component;
  readonly #run: RunGraph;
  /** By the name of the input. */
  #states = new Map<string, Tensor>();
  #position = 0;
  #running = false;

  static {
    guard(this, "ComponentStream", "`new ComponentStream(component, run)`", (value) => #states in value);
  }

  constructor(component: Component, run: RunGraph) {
    this.#component = checked("Value", "a component", component, aComponent);
    this.#run = checked("Value", "what runs it", run, graphRunner);
    this.reset();
  }

  /**
   * Asks for the output `attention` of later calls. A graph either always has it or never, so this only throws if
   * it has none.
   */
  watch(on: boolean): void {
    if (!on || this.#component.outputs.some(({ name }) => name === "attention")) return;
    throw new PocketTTSError(
      "NoComponent",
      `${this.#name} has no attention output, which word times need: use the engine, or ` + "convert with --word-times",
    );
  }

  /** Goes back to the state before the first call. */
  reset(): void {
    this.#checkIdle();
    const states = this.#component.states ?? [];
    // "empty" means a symbolic size of 0, and "zeros" zeros: the same for a new tensor.
    this.#states = new Map(states.map(({ input, dtype, shape }) => [input, this.#zeros(input, dtype, shape)]));
    this.#position = this.#component.position?.initial ?? 0;
  }

  /**
   * Runs the component once. `inputs` are its inputs except the states and the position; its outputs except
   * the states are returned. After an error the stream is unchanged. Calls run one after the other, because
   * each needs the states of the one before.
   */
  async run(inputs: Tensors): Promise<Tensors> {
    this.#checkIdle();
    const all = this.#supply(inputs);
    this.#running = true;
    try {
      return this.#carry(all, await this.#run(all));
    } finally {
      this.#running = false;
    }
  }

  /** The outputs of a call, except the states. */
  #carry(all: Tensors, outputs: Tensors): Tensors {
    checked("Tensor", `what ${this.#name} returns`, outputs, tensors);
    const next = new Map<string, Tensor>();
    for (const { input, output, carry } of this.#component.states ?? []) {
      const [old, value] = [this.state(input), outputs[output]];
      if (value === undefined) {
        throw new PocketTTSError("Tensor", `${this.#name} returns no ${output}`);
      }
      if (carry.rule === "append" && !takes(old, carry.axis, value)) {
        throw new PocketTTSError(
          "Tensor",
          `${this.#name}: [${value.shape}] of ${output} cannot be appended to [${old.shape}]`,
        );
      }
      next.set(input, value);
    }
    for (const { input, carry } of this.#component.states ?? []) {
      const value = next.get(input);
      if (value !== undefined && carry.rule === "append") {
        next.set(input, append(this.state(input), carry.axis, value));
      }
    }
    this.#states = next;
    for (const { input, axis, times } of this.#component.position?.advances_by ?? []) {
      this.#position += times * (all[input]?.shape[axis] ?? 0);
    }

    const states = new Set(this.#component.states?.map((state) => state.output));
    return Object.fromEntries(Object.entries(outputs).filter(([name]) => !states.has(name)));
  }

  /** A stream that continues from the same state, independently. */
  fork(): ComponentStream {
    const fork = new ComponentStream(this.#component, this.#run);
    // Rows are appended in place, so each fork needs its own tensors.
    fork.#states = new Map([...this.#states].map(([name, state]) => [name, copy(state)]));
    fork.#position = this.#position;
    return fork;
  }

  /** Names of the inputs that are states. */
  get stateNames(): string[] {
    return [...this.#states.keys()];
  }

  /** The state for input `name`. */
  state(name: string): Tensor {
    const state = this.#states.get(name);
    if (state === undefined) {
      throw new PocketTTSError("Tensor", `${this.#name} has no state ${String(name)}`);
    }
    return state;
  }

  /** Replaces the state for input `name`; symbolic sizes may have any value. */
  setState(name: string, value: Tensor): void {
    this.#checkIdle();
    this.state(name);
    checked("Tensor", `the state ${name} of ${this.#name}`, value, tensor);
    const expected = this.#component.inputs.find((input) => input.name === name);
    const fits =
      expected?.dtype === value.dtype &&
      expected.shape.length === value.shape.length &&
      expected.shape.every((size, i) => typeof size === "string" || size === value.shape[i]);
    if (!fits) {
      throw new PocketTTSError("Tensor", `${this.#name}: [${value.shape}] does not fit the state ${name}`);
    }
    this.#states.set(name, copy(value));
  }

  /** Positions counted so far; 0 if the component does not count them. */
  get position(): number {
    return this.#position;
  }

  /** Sets the position at which the next call starts. */
  setPosition(position: number): void {
    this.#checkIdle();
    this.#position = checked("Value", `the position of ${this.#name}`, position, wholeNumber);
  }

  /** Frees the states. */
  free(): void {
    this.#states.clear();
  }

  get #name(): string {
    return this.#component.graph.name;
  }

  /** States must not change while the graph runs: its outputs continue the states that it was given. */
  #checkIdle(): void {
    if (this.#running) {
      throw new PocketTTSError("Value", `${this.#name} is running: await the call before, or take a fork()`);
    }
  }

  #zeros(name: string, dtype: DType, shape: readonly Dim[]): Tensor {
    try {
      return zeros(dtype, shape);
    } catch (cause) {
      throw new PocketTTSError("Memory", `there is no memory for the state ${name}: [${shape}] of ${dtype}`, { cause });
    }
  }

  /** All inputs of the graph. */
  #supply(inputs: Tensors): Tensors {
    const position = this.#component.position?.input;
    const all: Tensors = {};
    const given = read("Tensor", `the inputs of ${this.#name}`, () => ({ ...inputs }));
    for (const [name, value] of Object.entries(given)) {
      checked("Tensor", `the input ${name} of ${this.#name}`, value, tensor);
    }
    for (const { name } of this.#component.inputs) {
      const value = name === position ? positionTensor(this.#position) : (this.#states.get(name) ?? given[name]);
      if (value === undefined) {
        throw new PocketTTSError("Tensor", `${this.#name} needs an input ${name}`);
      }
      all[name] = value;
    }
    for (const name of Object.keys(given)) {
      if (all[name] !== given[name]) {
        throw new PocketTTSError("Tensor", `${this.#name} does not take an input ${name}`);
      }
    }
    return all;
  }
}

function positionTensor(position: number): Tensor {
  return { dtype: "i64", shape: [1], data: BigInt64Array.of(BigInt(position)) };
}
