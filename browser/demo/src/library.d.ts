/** What the page uses of the package `pocket-onnx`. */
export { Player } from "../../src/player/index.js";
export type { PlayerState } from "../../src/player/index.js";

export interface ProgressEvent {
  phase: string;
  loaded: number;
  total: number;
}
export interface LoadOptions {
  backend?: "engine" | "onnxruntime";
  onProgress?: (event: ProgressEvent) => void;
  signal?: AbortSignal;
}
export interface Voice {
  name: string;
}
export interface SpeakOptions {
  voice?: string | Voice;
  seed?: number;
  temperature?: number;
  steps?: number;
  signal?: AbortSignal;
}
export interface Chunk {
  audio: Float32Array;
  sampleRate: number;
  text: string;
}
export interface Statistics {
  threads: number;
  cacheHit: boolean;
}
export declare class PocketTTS {
  static fromPretrained(url: string, options?: LoadOptions): Promise<PocketTTS>;
  readonly statistics: Statistics;
  listVoices(): string[];
  loadVoice(voice: string | Blob | ArrayBuffer): Promise<Voice>;
  cloneVoice(recording: Blob): Promise<Voice>;
  exportVoice(voice: string | Voice): Promise<Blob>;
  prepare(voice: string | Voice): Promise<void>;
  stream(text: string, options?: SpeakOptions): AsyncIterable<Chunk>;
  dispose(): Promise<void>;
}
