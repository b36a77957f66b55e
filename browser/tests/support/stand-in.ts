/**
 * Speaks tones: for what the page does around the library, without a model.
 * What it does can be set from a test through `window.standIn`.
 */

export { Player } from "../../src/player/index.js";

interface Settings {
  /** Fails the next loading with this message. */
  failure?: string;
  /** Milliseconds for a frame of 80 ms. */
  pace: number;
}

const settings: Settings = { pace: 20 };
Object.assign(window, { standIn: settings });

interface Options {
  signal?: AbortSignal;
  onProgress?: (event: { phase: string; loaded: number; total: number }) => void;
  onNotice?: (notice: { kind: string; message: string }) => void;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export class Speech {
  readonly #size: number;
  constructor(parts: readonly Float32Array[]) {
    this.#size = parts.reduce((sum, it) => sum + it.length, 0);
  }
  toBlob(): Blob {
    return new Blob(["RIFF", new Int16Array(this.#size)]);
  }
}

export class PocketTTS {
  readonly statistics = { threads: 2, cacheHit: false, seed: 7, realTimeFactor: 0.25 };

  static async fromPretrained(url: string, { onProgress, onNotice }: Options = {}): Promise<PocketTTS> {
    for (let done = 1; done <= 5; done += 1) {
      onProgress?.({ phase: "model", loaded: done * 47e6, total: 235e6 });
      onProgress?.({ phase: "voice", loaded: done, total: 5 });
      await sleep(30);
    }
    if (settings.failure !== undefined) {
      const message = settings.failure;
      delete settings.failure;
      throw new Error(message);
    }
    if (url.endsWith("noise/")) onNotice?.({ kind: "quota", message: "the browser has no room to keep the model" });
    return new PocketTTS();
  }

  listVoices(): string[] {
    return ["one", "two"];
  }
  async loadVoice(): Promise<{ name: undefined }> {
    return { name: undefined };
  }
  async cloneVoice(recording: Blob): Promise<{ name: undefined }> {
    if (recording.size < 100) throw new Error("the recording holds no sound");
    return { name: undefined };
  }
  async exportVoice(): Promise<Blob> {
    return new Blob(["voice"]);
  }
  async dispose(): Promise<void> {}

  async *stream(text: string, { signal }: Options = {}) {
    let at = 0;
    for (const sentence of text.match(/[^.!?]+[.!?]*\s*/g) ?? []) {
      for (let frame = 0; frame < Math.min(20, sentence.length / 4); frame += 1) {
        await sleep(settings.pace);
        signal?.throwIfAborted();
        const audio = Float32Array.from({ length: 1920 }, (_, i) => {
          const t = (at + i) / 24_000;
          return 0.5 * Math.sin(2 * Math.PI * 180 * t) * Math.abs(Math.sin(9 * t)) * (0.3 + 0.7 * Math.abs(Math.sin(2.3 * t)));
        });
        at += audio.length;
        yield { audio, sampleRate: 24_000, text: sentence.trim(), statistics: this.statistics };
      }
    }
  }
}
