/**
 * The audio thread's half of the player: a ring buffer that fades where it has to stop.
 *
 * It is loaded by `audioWorklet.addModule`, so it imports nothing but types.
 */

import type { FromRing, ProcessorName, RingOptions, ToRing } from "./protocol.js";

// The global scope of an audio worklet, which TypeScript's libraries do not describe.
declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(
  name: ProcessorName,
  processor: new (options: { processorOptions: RingOptions }) => AudioWorkletProcessor,
): void;

/** Seconds between two reports of the position. */
const REPORT = 0.03;
/** Seconds of a fade: long enough not to click, short enough not to be noticed. */
const FADE = 0.004;

class Ring extends AudioWorkletProcessor {
  readonly #samples: Float32Array;
  readonly #fade: number;
  readonly #report: number;
  #read = 0;
  #waiting = 0;
  #played = 0;
  #target = 0;
  #epoch = 0;
  #ended = false;
  #paused = false;
  /** Whether enough waited: sound comes out until the ring runs dry. */
  #started = false;
  /** Loudness of the last sample, from 0 to 1: it moves in steps of `1 / #fade`. */
  #gain = 0;
  /** Samples since the last report, and the position it told. */
  #unreported = 0;
  #reported = 0;

  constructor(options: { processorOptions: RingOptions }) {
    super();
    this.#samples = new Float32Array(options.processorOptions.capacity);
    this.#fade = Math.max(1, Math.round(FADE * sampleRate));
    this.#report = Math.round(REPORT * sampleRate);
    this.port.onmessage = ({ data }: MessageEvent<ToRing>) => this.#take(data);
  }

  #take(message: ToRing): void {
    switch (message.kind) {
      case "samples":
        this.#push(message.samples);
        break;
      case "target":
        this.#target = message.samples;
        break;
      case "end":
        this.#ended = true;
        break;
      case "pause":
        this.#paused = true;
        break;
      case "resume":
        this.#paused = false;
        break;
      case "reset":
        this.#epoch = message.epoch;
        this.#read = this.#waiting = this.#played = this.#reported = this.#gain = 0;
        this.#ended = this.#paused = this.#started = false;
        break;
    }
  }

  #push(samples: Float32Array): void {
    const ring = this.#samples;
    const start = (this.#read + this.#waiting) % ring.length;
    const first = Math.min(samples.length, ring.length - start);
    ring.set(samples.subarray(0, first), start);
    ring.set(samples.subarray(first), 0);
    this.#waiting += samples.length;
    if (samples.length > 0) this.#ended = false;
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const [first, ...others] = outputs[0] ?? [];
    if (first === undefined) return true;
    if (!this.#started && this.#waiting > 0) {
      this.#started = this.#ended || this.#waiting >= this.#target;
    }
    const before = this.#played;
    // `first` is silent to begin with.
    if (this.#started) this.#fill(first);
    for (const channel of others) channel.set(first);
    this.#tell(first.length, this.#played - before);
    return true;
  }

  #fill(output: Float32Array): void {
    const ring = this.#samples;
    const step = 1 / this.#fade;
    for (let i = 0; i < output.length && this.#waiting > 0; i += 1) {
      // The last samples before a gap are played ever more quietly.
      const dry = !this.#ended && this.#waiting <= this.#fade;
      if (this.#paused || dry) {
        this.#gain -= step;
        if (this.#gain <= 0) {
          this.#gain = 0;
          if (this.#paused) return;
        }
      } else {
        this.#gain = Math.min(1, this.#gain + step);
      }
      output[i] = (ring[this.#read] ?? 0) * this.#gain;
      this.#read = (this.#read + 1) % ring.length;
      this.#waiting -= 1;
      this.#played += 1;
    }
    if (this.#waiting > 0) return;
    this.#started = false;
    this.#gain = 0;
    if (!this.#ended) this.#say({ kind: "underrun", epoch: this.#epoch });
  }

  /** Reports the position now and then, and the end once. */
  #tell(passed: number, played: number): void {
    this.#unreported += passed;
    const drained = this.#ended && this.#waiting === 0 && !this.#paused;
    const due = this.#unreported >= this.#report && this.#played !== this.#reported;
    if (due || drained) {
      this.#unreported = 0;
      this.#reported = this.#played;
      const sounding = played > 0;
      this.#say({ kind: "position", epoch: this.#epoch, played: this.#played, sounding });
    }
    if (drained) {
      this.#ended = false;
      this.#say({ kind: "drained", epoch: this.#epoch });
    }
  }

  #say(message: FromRing): void {
    this.port.postMessage(message);
  }
}

registerProcessor("pocket-onnx-player", Ring);
