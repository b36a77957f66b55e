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
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export class PocketTTS {
  readonly statistics = { threads: 2, cacheHit: false };

  static async fromPretrained(url: string, { onProgress }: Options = {}): Promise<PocketTTS> {
    const answer = await fetch(`${url}manifest.json`);
    if (!answer.ok) throw new Error(`manifest.json cannot be fetched: the server answers ${answer.status}`);
    for (let done = 1; done <= 5; done += 1) {
      onProgress?.({ phase: "download", loaded: done * 20e6, total: 100e6 });
      onProgress?.({ phase: "prepare", loaded: done, total: 5 });
      await sleep(30);
    }
    if (settings.failure !== undefined) {
      const message = settings.failure;
      delete settings.failure;
      throw new Error(message);
    }
    return new PocketTTS();
  }

  listVoices(): string[] {
    return ["one", "two"];
  }
  async loadVoice(): Promise<{ name: string }> {
    return { name: "opened" };
  }
  async cloneVoice(recording: Blob): Promise<{ name: string }> {
    if (recording.size < 100) throw new Error("the recording holds no sound");
    return { name: "cloned" };
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
        yield { audio, sampleRate: 24_000, text: sentence.trim() };
      }
    }
  }
}
