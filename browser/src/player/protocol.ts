/** What the player's two halves say to each other: `Player` in the page, the ring in the audio thread. */

/** From the page to the audio thread. */
export type ToRing =
  /** Samples at the context's rate. Whoever sends them has seen that there is room. */
  | { kind: "samples"; samples: Float32Array }
  /** Play once so many samples wait, now and after every underrun. */
  | { kind: "target"; samples: number }
  /** Play so many times as fast from now on, at the same pitch. */
  | { kind: "speed"; speed: number }
  /** Nothing more comes, unless samples do: play what there is, then say `drained`. */
  | { kind: "end" }
  | { kind: "pause" }
  | { kind: "resume" }
  /** Forget everything; reports carry this number from now on. */
  | { kind: "reset"; epoch: number };

/** From the audio thread to the page. */
export type FromRing =
  /** Samples of what was sent since the reset that have been played, and whether sound comes out. */
  | { kind: "position"; epoch: number; played: number; sounding: boolean }
  /** The ring ran dry before the end: it waits for `target` samples. */
  | { kind: "underrun"; epoch: number }
  /** All has been played. */
  | { kind: "drained"; epoch: number };

/** Options of the audio thread's half. */
export interface RingOptions {
  /** Samples that the ring holds. */
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
  /** Samples that may be pushed at once, and where they are written. */
  block(): number;
  input(): number;
  push(count: number): void;
  flush(): void;
  /** Samples that went in and are held back. */
  held(): number;
  /** Samples that can be taken, and where they are. */
  ready(): number;
  output(): number;
  take(count: number): void;
  /** Samples of what went in that what was taken stands for. */
  position(): number;
}
