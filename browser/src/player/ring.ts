/** The ring buffer in the audio thread, as the page sees it. */

import { PocketTTSError, reason } from "../errors.js";
import type { FromRing, ProcessorName, RingOptions, ToRing } from "./protocol.js";

/** Capacity of the ring buffer in seconds: writers further ahead have to wait. */
export const CAPACITY = 12;
/** Most seconds of sound in one message to the audio thread. */
const MOST_SENT = 1;

const PROCESSOR: ProcessorName = "pocket-onnx-player";

/** Sends samples to the audio thread as room allows, and counts those that it has played. */
export class Ring {
  /** Resolves once the audio thread is ready; rejects if it cannot be. */
  readonly ready: Promise<void>;

  readonly #context: AudioContext;
  readonly #node: Promise<AudioWorkletNode>;
  readonly #hear: (message: FromRing) => void;
  /** Number of resets. Messages of an earlier epoch are not for the sound of now. */
  #epoch = 0;
  /** Samples, at the context's rate, that were sent since the last reset. */
  #written = 0;
  /** Samples that were played since then. */
  #played = 0;
  /** Wakes a writer that waits for room. */
  #room: (() => void) | undefined;

  /** Connects a ring buffer to `output`. `hear` gets the messages of the current epoch. */
  constructor(context: AudioContext, output: AudioNode, hear: (message: FromRing) => void) {
    this.#context = context;
    this.#hear = hear;
    this.#node = this.#start(output);
    this.ready = this.#node.then(() => {});
    // The writer gets the error; until then it must not be reported as unhandled.
    this.ready.catch(() => {});
  }

  get epoch(): number {
    return this.#epoch;
  }

  get written(): number {
    return this.#written;
  }

  get played(): number {
    return this.#played;
  }

  /**
   * Sends samples as room allows; those of an earlier epoch are dropped. `waited` is called after each wait
   * for room.
   */
  async write(samples: Float32Array, epoch: number, waited: () => void): Promise<void> {
    const node = await this.#node;
    const { sampleRate } = this.#context;
    for (let at = 0; at < samples.length; ) {
      const free = this.#capacity - (this.#written - this.#played);
      const size = Math.min(samples.length - at, free, Math.ceil(MOST_SENT * sampleRate));
      if (epoch !== this.#epoch) return;
      if (size <= 0) {
        await new Promise<void>((resolve) => (this.#room = resolve));
        waited();
        continue;
      }
      const piece = samples.slice(at, at + size);
      this.#written += size;
      at += size;
      post(node, { kind: "samples", samples: piece }, [piece.buffer]);
    }
  }

  /** Sends a message; nobody hears it if the audio thread cannot start. */
  command(message: ToRing): void {
    void this.#node.then((node) => post(node, message)).catch(() => {});
  }

  /** Drops what is buffered and what a writer still has, and begins a new epoch. */
  reset(): void {
    this.#epoch += 1;
    this.#written = this.#played = 0;
    this.command({ kind: "reset", epoch: this.#epoch });
    this.#room?.();
  }

  /** Capacity in samples. */
  get #capacity(): number {
    return Math.ceil(CAPACITY * this.#context.sampleRate);
  }

  async #start(output: AudioNode): Promise<AudioWorkletNode> {
    let node: AudioWorkletNode;
    try {
      const [stretch] = await Promise.all([
        fetchStretch(),
        this.#context.audioWorklet.addModule(new URL("./worklet.js", import.meta.url)),
      ]);
      const processorOptions: RingOptions = { capacity: this.#capacity, stretch };
      node = new AudioWorkletNode(this.#context, PROCESSOR, {
        numberOfInputs: 0,
        outputChannelCount: [1],
        processorOptions,
      });
    } catch (cause) {
      const why = this.#context.state === "closed" ? ": its AudioContext is closed" : reason(cause);
      throw new PocketTTSError("Unsupported", `the player cannot start${why}`, { cause });
    }
    node.port.onmessage = ({ data }: MessageEvent<FromRing>) => this.#onMessage(data);
    node.connect(output);
    return node;
  }

  #onMessage(message: FromRing): void {
    if (message.epoch !== this.#epoch) return;
    if (message.kind === "position") {
      this.#played = message.played;
      this.#room?.();
    }
    this.#hear(message);
  }
}

function post(node: AudioWorkletNode, message: ToRing, transfer: Transferable[] = []): void {
  node.port.postMessage(message, transfer);
}

/** The wasm module for stretching in the audio thread. */
async function fetchStretch(): Promise<ArrayBuffer> {
  const file = new URL("../../wasm/stretch.wasm", import.meta.url);
  const answer = await fetch(file);
  if (!answer.ok) throw new Error(`${file.href} gives ${answer.status}`);
  return answer.arrayBuffer();
}
