/** Files of compressed sound, judged by the decoders that people use. */

import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { launch } from "./support/chromium.js";
import { openPage, servePackage } from "./support/page.js";

const run = promisify(execFile);
const TEXT = "The quick brown fox jumps over the lazy dog. [pause 200ms] Größer than that?";

test("the encoders are fetched when a file is asked for, and decoders accept what they write", async () => {
  await using browser = await launch();
  await using server = await servePackage(true);
  const page = await openPage(browser.context, server);
  const before = await page.evaluate(async (text) => {
    const tts = await globalThis.pocket.PocketTTS.fromPretrained();
    const speech = await tts.generate(text, { seed: 1, voice: "heron" });
    await tts.dispose();
    Object.assign(globalThis, { speech });
    const { audio, sampleRate } = speech;
    return { samples: Array.from(audio, (it) => Math.trunc(Math.fround(Math.max(-1, Math.min(1, it)) * 32767))), rate: sampleRate };
  }, TEXT);
  const fetched = () => server.asked.filter((path) => path.includes("/wasm/encode/"));
  expect(fetched()).toEqual([]);

  const dir = await mkdtemp(join(tmpdir(), "pocket-onnx-files-"));
  try {
    for (const [type, ending] of [
      ["audio/wav", "wav"],
      ["audio/flac", "flac"],
      ["audio/ogg", "opus"],
      ["audio/mpeg", "mp3"],
    ] as const) {
      const made = await page.evaluate(async (type) => {
        const { speech } = globalThis as unknown as { speech: import("../src/index.js").Speech };
        const blob = await speech.toBlob(type);
        const context = new OfflineAudioContext(1, 1, speech.sampleRate);
        const bytes = await blob.arrayBuffer();
        const file = [...new Uint8Array(bytes)];
        const { duration } = await context.decodeAudioData(bytes);
        return { file, duration, type: blob.type };
      }, type);
      expect(made.type).toBe(type);
      const seconds = before.samples.length / before.rate;
      // Of MP3 files browsers may decode the padding, too.
      expect(Math.abs(made.duration - seconds)).toBeLessThan(type === "audio/mpeg" ? 0.1 : 1e-3);

      const file = join(dir, `speech.${ending}`);
      await writeFile(file, Uint8Array.from(made.file));
      const decoded = await decode(file, before.rate);
      expect(decoded).toHaveLength(before.samples.length);
      if (type === "audio/wav" || type === "audio/flac") expect(farthest(decoded, before.samples)).toBe(0);
      else expect(correlation(decoded, before.samples)).toBeGreaterThan(0.95);
      if (type !== "audio/wav") {
        expect(await tags(file)).toMatchObject({
          title: "The quick brown fox jumps over the lazy dog.",
          artist: "heron",
          model: "starling",
          comment: "synthetic speech",
        });
      }
    }
    await run("flac", ["-t", "-w", "-s", join(dir, "speech.flac")]);
    const { stdout, stderr } = await run("opusinfo", [join(dir, "speech.opus")]);
    expect(`${stdout}${stderr}`).not.toMatch(/warning|error/i);
    // One worker for each file, and the browser keeps the module.
    expect(new Set(fetched()).size).toBe(2);
  } finally {
    await rm(dir, { recursive: true });
  }
}, 120_000);

/** The samples as ffmpeg decodes them, which has nothing to say about the file. */
async function decode(file: string, rate: number): Promise<number[]> {
  const args = ["-v", "warning", "-i", file, "-f", "s16le", "-ac", "1", "-ar", String(rate), "-"];
  const { stdout, stderr } = await run("ffmpeg", args, { encoding: "buffer", maxBuffer: 1 << 28 });
  expect(stderr.toString().replace(/^.*Guessed Channel Layout.*\n/m, "")).toBe("");
  return Array.from({ length: stdout.length / 2 }, (_, i) => stdout.readInt16LE(2 * i));
}

/** The tags of a file, by their names in lower case. */
async function tags(file: string): Promise<Record<string, string>> {
  const { stdout } = await run("ffprobe", ["-v", "error", "-of", "json", "-show_format", "-show_streams", file]);
  const { format, streams } = JSON.parse(stdout);
  const all: Record<string, string> = { ...streams[0].tags, ...format.tags };
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name.toLowerCase(), value]));
}

function farthest(a: number[], b: number[]): number {
  return a.reduce((most, it, i) => Math.max(most, Math.abs(it - (b[i] ?? Number.NaN))), 0);
}

function correlation(a: number[], b: number[]): number {
  const product = (x: number[], y: number[]) => x.reduce((sum, it, i) => sum + it * (y[i] ?? 0), 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}
