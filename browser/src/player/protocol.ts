/**
 * The messages between the player's two halves: `Player` in the page, the ring buffer in the audio thread.
 */

/** From the page to the audio thread. */
export type ToRing =
  /** Samples at the context's rate. The sender has checked that there is room. */
  | { kind: "samples"; samples: Float32Array }
  /** Start playing once this many samples wait, now and after every underrun. */
  | { kind: "target"; samples: number }
  /** Play at this speed from now on, at the same pitch. */
  | { kind: "speed"; speed: number }
  /** Nothing follows, unless more samples come: play the rest, then report `drained`. */
  | { kind: "end" }
  | { kind: "pause" }
  | { kind: "resume" }
  /** Forget everything; reports have this number from now on. */
  | { kind: "reset"; epoch: number };

/** From the audio thread to the page. */
export type FromRing =
  /** Samples played since the reset, and whether sound is being played. */
  | { kind: "position"; epoch: number; played: number; sounding: boolean }
  /** The ring buffer ran empty before the end: it waits for `target` samples. */
  | { kind: "underrun"; epoch: number }
  /** Everything has been played. */
  | { kind: "drained"; epoch: number };

/** Options of the audio thread's half. */
export interface RingOptions {
  /** Capacity of the ring buffer in samples. */
  capacity: number;
  /** The wasm module of the time-stretch (`crates/playback`). */
  stretch: ArrayBuffer;
}

/** Name under which the audio thread's half is registered. */
export type ProcessorName = "pocket-onnx-player";

/** What the wasm module of `crates/playback` exports. */
export interface Stretch {
  readonly memory: WebAssembly.Memory;
  start(sampleRate: number): void;
  set_speed(speed: number): void;
  /** Samples that may be pushed at once, and their address. */
  block(): number;
  input(): number;
  push(count: number): void;
  flush(): void;
  /** Samples that were pushed and cannot be taken yet. */
  held(): number;
  /** Samples that can be taken, and their address. */
  ready(): number;
  output(): number;
  take(count: number): void;
  /** Samples of the input that the taken samples stand for. */
  position(): number;
}
