/**
 * The audio thread's half of the player: a ring buffer that is played at any speed, and fades out where it
 * has to stop. Samples are stretched only just before they are heard, so that a change of speed takes
 * effect at once.
 *
 * It is loaded by `audioWorklet.addModule`, so it imports only types.
 */

import type { FromRing, ProcessorName, RingOptions, Stretch, ToRing } from "./protocol.js";

// The global scope of an audio worklet, which TypeScript's libraries do not contain.
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
  readonly #stretch: Stretch;
  readonly #fade: number;
  /** Samples between two reports of the position. */
  readonly #interval: number;
  #read = 0;
  /** Samples in the ring buffer, and samples passed from it to the stretch. */
  #waiting = 0;
  #pushed = 0;
  #played = 0;
  #target = 0;
  #epoch = 0;
  #ended = false;
  #paused = false;
  /** Whether enough was buffered: sound is played until the buffer runs empty. */
  #started = false;
  /** Gain of the last sample, from 0 to 1; a fade changes it in steps of `1 / #fade`. */
  #gain = 0;
  /** Samples since the last report, and the position it contained. */
  #unreported = 0;
  #reported = 0;

  constructor({ processorOptions: { capacity, stretch } }: { processorOptions: RingOptions }) {
    super();
    this.#samples = new Float32Array(capacity);
    this.#stretch = new WebAssembly.Instance(new WebAssembly.Module(stretch)).exports as unknown as Stretch;
    this.#stretch.start(Math.round(sampleRate));
    this.#fade = Math.max(1, Math.round(FADE * sampleRate));
    this.#interval = Math.round(REPORT * sampleRate);
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
      case "speed":
        this.#stretch.set_speed(message.speed);
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
        this.#stretch.start(Math.round(sampleRate));
        this.#read = this.#waiting = this.#pushed = this.#played = this.#reported = this.#gain = 0;
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
    if (!this.#started && this.#left > 0) {
      this.#started = this.#ended || (this.#waiting > 0 && this.#waiting >= this.#target);
    }
    const before = this.#played;
    // `first` is zeros when it comes here.
    if (this.#started) this.#fill(first);
    for (const channel of others) channel.set(first);
    this.#report(first.length, this.#played - before);
    return true;
  }

  /** Samples that are still to be heard, in the ring buffer or after it. */
  get #left(): number {
    return this.#waiting + this.#stretch.held() + this.#stretch.ready();
  }

  #fill(output: Float32Array): void {
    this.#prepare(output.length + this.#fade);
    const step = 1 / this.#fade;
    const ready = this.#ready();
    const held = this.#waiting + this.#stretch.held();
    let count = 0;
    for (; count < output.length && count < ready.length; count += 1) {
      // The last samples before a gap are faded out.
      const dry = !this.#ended && this.#waiting === 0 && ready.length - count <= this.#fade;
      if (this.#paused || dry) {
        this.#gain -= step;
        if (this.#gain <= 0) {
          this.#gain = 0;
          if (this.#paused) break;
        }
      } else {
        this.#gain = Math.min(1, this.#gain + step);
      }
      output[count] = (ready[count] ?? 0) * this.#gain;
    }
    this.#stretch.take(count);
    const over = count === ready.length && (this.#ended ? held === 0 : this.#waiting === 0);
    const position = over && this.#ended ? this.#pushed : Math.round(this.#stretch.position());
    this.#played = Math.min(this.#pushed, Math.max(this.#played, position));
    if (!over) return;
    this.#started = false;
    this.#gain = 0;
    if (!this.#ended) this.#post({ kind: "underrun", epoch: this.#epoch });
  }

  /** Makes `count` samples available from the stretch, if that many are left. */
  #prepare(count: number): void {
    const ring = this.#samples;
    const stretch = this.#stretch;
    while (this.#waiting > 0 && stretch.ready() < count) {
      const size = Math.min(stretch.block(), this.#waiting, ring.length - this.#read);
      const samples = ring.subarray(this.#read, this.#read + size);
      new Float32Array(stretch.memory.buffer, stretch.input(), size).set(samples);
      stretch.push(size);
      this.#read = (this.#read + size) % ring.length;
      this.#waiting -= size;
      this.#pushed += size;
    }
    if (this.#waiting === 0 && this.#ended) stretch.flush();
  }

  /** The available samples. Growing memory moves them. */
  #ready(): Float32Array {
    const stretch = this.#stretch;
    return new Float32Array(stretch.memory.buffer, stretch.output(), stretch.ready());
  }

  /** Reports the position at intervals, and the end once. */
  #report(passed: number, played: number): void {
    this.#unreported += passed;
    const drained = this.#ended && this.#left === 0 && !this.#paused;
    const due = this.#unreported >= this.#interval && this.#played !== this.#reported;
    if (due || drained) {
      this.#unreported = 0;
      this.#reported = this.#played;
      const sounding = played > 0;
      this.#post({ kind: "position", epoch: this.#epoch, played: this.#played, sounding });
    }
    if (drained) {
      this.#ended = false;
      this.#post({ kind: "drained", epoch: this.#epoch });
    }
  }

  #post(message: FromRing): void {
    this.port.postMessage(message);
  }
}

registerProcessor("pocket-onnx-player", Ring);
