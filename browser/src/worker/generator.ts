/** The backbone's half of an utterance: runs the calls that make latents. */

import type * as Normalize from "../../wasm/normalize/pocket_onnx_normalize.js";
import type { SpeechEvent, Utterance } from "../../wasm/simd/pocket_onnx.js";
import { type Timings, time } from "../statistics.js";
import type { Tensors } from "../tensor.js";
import type { Components } from "./components.js";
import type { Stream } from "./runtime.js";
import type { TextFeed } from "./text.js";

/** After this many milliseconds of work, control returns to the event loop, so that a stop is noticed. */
const PATIENCE = 100;

export class Generator {
  readonly #utterance: Utterance;
  /** The source of the text, and what rewrites it. */
  readonly #text: TextFeed;
  readonly #rewriter: Normalize.Rewriter | undefined;
  readonly #components: Components;
  /** `flow_lm` in the state of the voice, from which every group of sentences starts. */
  readonly #voice: Stream;
  #flowLm: Stream;
  readonly #timings: Timings;

  constructor(
    utterance: Utterance,
    text: TextFeed,
    rewriter: Normalize.Rewriter | undefined,
    components: Components,
    voice: Stream,
    timings: Timings,
  ) {
    this.#utterance = utterance;
    this.#text = text;
    this.#rewriter = rewriter;
    this.#components = components;
    this.#voice = voice;
    this.#flowLm = voice.fork();
    this.#timings = timings;
  }

  /**
   * The next event for the decoder; undefined at the end. "again" if there is none yet, because more text has to
   * be read or has to arrive, or because one frame takes many steps: call it again after `yieldToEventLoop`.
   */
  async next(): Promise<SpeechEvent | "again" | undefined> {
    const start = performance.now();
    for (;;) {
      const action = this.#utterance.nextAction();
      switch (action.kind) {
        case "run":
          this.#utterance.supply(await this.#run(action.call.component, action.call.inputs));
          if (performance.now() - start > PATIENCE) {
            return "again";
          }
          break;
        case "emit":
          if (action.event.kind === "begin") {
            this.#flowLm.free();
            this.#flowLm = this.#voice.fork();
            this.#flowLm.watch(action.event.words !== undefined);
          }
          return action.event;
        case "again":
          return "again";
        case "wait":
          await this.#text.advance(this.#utterance, this.#rewriter, action);
          return "again";
        case "done":
          return undefined;
      }
    }
  }

  /** Frees the memory of the utterance. */
  free(): void {
    this.#utterance.free();
    this.#rewriter?.free();
    this.#flowLm.free();
  }

  async #run(component: string, inputs: Tensors): Promise<Tensors> {
    const isBackbone = component === "flow_lm";
    const stream = isBackbone ? this.#flowLm : this.#components.stream(component);
    const isPrefill = isBackbone && (inputs["embeddings"]?.data.length ?? 0) > 0;
    const start = performance.now();
    const outputs = await stream.run(inputs);
    time(this.#timings, isPrefill ? "prefill" : component, start);
    return outputs;
  }
}
