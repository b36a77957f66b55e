/** What the page uses of the package `pocket-onnx`. */

export { Player } from "../../src/player/index.js";

export type Backend = "engine" | "onnxruntime";

export interface ProgressEvent {
  phase: "model" | "voice" | "encoder";
  loaded: number;
  total: number;
}
export interface Notice {
  kind: "quota" | "damaged" | "long-recording";
  message: string;
}
export interface LoadOptions {
  backend?: Backend | undefined;
  onProgress?: ((event: ProgressEvent) => void) | undefined;
  onNotice?: ((notice: Notice) => void) | undefined;
  signal?: AbortSignal | undefined;
}
export interface Voice {
  readonly name: string | undefined;
}
export interface SpeakOptions {
  voice?: string | Voice | undefined;
  seed?: number | undefined;
  temperature?: number | undefined;
  steps?: number | undefined;
  signal?: AbortSignal | undefined;
}
export interface Statistics {
  threads: number;
  cacheHit: boolean;
  seed: number;
  realTimeFactor: number;
}
export interface SpeechChunk {
  audio: Float32Array<ArrayBuffer>;
  sampleRate: number;
  /** The sentences that it belongs to; empty in a pause. */
  text: string;
  statistics: Statistics;
}
export declare class Speech {
  readonly audio: Float32Array<ArrayBuffer>;
  readonly statistics: Statistics;
  constructor(parts: readonly Float32Array[], sampleRate: number, statistics: Statistics);
  toBlob(): Blob;
}
export declare class PocketTTS {
  static fromPretrained(url: string, options?: LoadOptions): Promise<PocketTTS>;
  readonly statistics: Pick<Statistics, "threads" | "cacheHit">;
  listVoices(): string[];
  loadVoice(voice: string | Blob | ArrayBuffer): Promise<Voice>;
  cloneVoice(recording: Blob): Promise<Voice>;
  exportVoice(voice: string | Voice): Promise<Blob>;
  stream(text: string, options?: SpeakOptions): AsyncGenerator<SpeechChunk, void>;
  dispose(): Promise<void>;
}
