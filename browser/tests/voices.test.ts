/** Voices in a page: cloned, exported and loaded as the native command does. */

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUNDLES, native } from "./support/bundles.js";
import { type Browser, launch } from "./support/chromium.js";
import { openPage, servePackage } from "./support/page.js";
import { distances, parse } from "./support/safetensors.js";
import type { Server } from "./support/server.js";

const BUNDLE = join(BUNDLES, "english_2m");

let browser: Browser;
let server: Server;
let dir: string;

beforeAll(async () => {
  browser = await launch();
  server = await servePackage(true);
  dir = await mkdtemp(join(tmpdir(), "pocket-onnx-voices-"));
});

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  await rm(dir, { recursive: true });
});

/** Speech at 24 kHz in 16-bit stereo, which the browser does not resample either. */
async function recording(): Promise<string> {
  const [speech, wav] = [join(dir, "speech.wav"), join(dir, "recording.wav")];
  await promisify(execFile)("espeak-ng", ["-w", speech, "This is the voice that is to be cloned."]);
  await promisify(execFile)("ffmpeg", ["-y", "-loglevel", "error", "-i", speech, "-ar", "24000", "-ac", "2", wav]);
  return wav;
}

for (const backend of ["engine", "onnxruntime"] as const) {
  test(`a recording gives the native voice file in ${backend}, which loads natively`, async () => {
    const wav = await recording();
    const expected = parse(
      await native(["voice", "export", wav, "--bundle", BUNDLE, "-o", "voice.safetensors"], "voice.safetensors"),
    );
    const page = await openPage(browser.context, server);
    server.reset();
    const sound = [...(await readFile(wav))];
    const result = await page.evaluate(
      async ([sound, backend]) => {
        const { PocketTTS } = globalThis.pocket;
        const phases = new Set<string>();
        const onProgress = ({ phase }: { phase: string }) => void phases.add(phase);
        const tts = await PocketTTS.fromPretrained("/models/english_2m", { backend, onProgress });
        await tts.prepare();
        const before = [...phases];
        const voice = await tts.cloneVoice(new Blob([Uint8Array.from(sound)], { type: "audio/wav" }));
        const file = await (await tts.exportVoice(voice)).arrayBuffer();
        const half = await (await tts.exportVoice(voice, "f16")).arrayBuffer();
        const again = await tts.loadVoice(file);
        const spoken = await tts.generate("Hello.", { voice, seed: 4, framesAfterEos: 1 });
        const loaded = await tts.generate("Hello.", { voice: again, seed: 4, framesAfterEos: 1 });
        await tts.dispose();
        return {
          before,
          after: [...phases],
          canClone: tts.canClone,
          file: [...new Uint8Array(file)],
          half: half.byteLength,
          positions: [voice.positions, again.positions],
          audio: [...spoken.audio],
          same: JSON.stringify([...spoken.audio]) === JSON.stringify([...loaded.audio]),
        };
      },
      [sound, backend] as const,
    );
    await page.close();
    // The encoder came for the cloning only.
    expect(result.before).toEqual(["model", "voice"]);
    expect(result.after).toEqual(["model", "voice", "encoder"]);
    expect(result.canClone).toBe(true);
    expect(result.same).toBe(true);
    expect(result.positions[0]).toBe(result.positions[1]);

    const far = distances(parse(Buffer.from(result.file)), expected).filter(([, distance]) => !(distance <= 1e-5));
    expect(far).toEqual([]);

    const file = join(dir, "page.safetensors");
    await writeFile(file, Buffer.from(result.file));
    const args = ["speak", "Hello.", "--bundle", BUNDLE, "--voice", file, "--seed", "4", "-o", "out.wav"];
    const spoken = await native([...args, "--frames-after-eos", "1"], "out.wav");
    expect((spoken.length - 44) / 2).toBe(result.audio.length);
  });
}

/** A voice file with one tensor of f32, as xn and pocket-tts of January 2026 write them. */
function promptFile(name: string, shape: number[]): Buffer {
  const count = shape.reduce((product, size) => product * size, 1);
  const values = Buffer.from(Float32Array.from({ length: count }, (_, i) => Math.sin(i * 0.7)).buffer);
  const entry = { dtype: "F32", shape, data_offsets: [0, values.length] };
  const header = Buffer.from(JSON.stringify({ [name]: entry }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, values]);
}

test("a voice file with a prompt gives the same voice as natively", async () => {
  const manifest = JSON.parse(await readFile(join(BUNDLE, "manifest.json"), "utf8"));
  const width = manifest.model.flow_lm.transformer.d_model;
  const inner = manifest.model.mimi.inner_dim ?? manifest.model.mimi.seanet.dimension;
  const files = [
    promptFile("audio_prompt", [1, 20, width]),
    promptFile("emb", [20, width]),
    promptFile("speaker_wavs", [1, inner, 20]),
  ];
  const page = await openPage(browser.context, server);
  const made = await page.evaluate(
    async (files) => {
      const tts = await globalThis.pocket.PocketTTS.fromPretrained("/models/english_2m");
      const exported = [];
      for (const file of files) {
        const voice = await tts.loadVoice(Uint8Array.from(file).buffer);
        exported.push([...new Uint8Array(await (await tts.exportVoice(voice)).arrayBuffer())]);
      }
      await tts.dispose();
      return exported;
    },
    files.map((file) => [...file]),
  );
  await page.close();
  for (const [i, file] of files.entries()) {
    const path = join(dir, `prompt${i}.safetensors`);
    await writeFile(path, file);
    const args = ["voice", "convert", path, "--bundle", BUNDLE, "-o", "voice.safetensors"];
    const expected = parse(await native(args, "voice.safetensors"));
    const actual = parse(Buffer.from(made[i] ?? []));
    expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, { floats }] of Object.entries(expected)) {
      const largest = floats.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
      const worst = floats.reduce(
        (max, value, j) => Math.max(max, Math.abs(value - (actual[name]?.floats[j] ?? Number.NaN))),
        0,
      );
      expect(worst, name).toBeLessThanOrEqual(1e-5 * largest);
    }
  }
});

test("voices of the bundle are listed, loaded once and dropped", async () => {
  const page = await openPage(browser.context, server);
  const result = await page.evaluate(async () => {
    const tts = await globalThis.pocket.PocketTTS.fromPretrained("/models/english_2m");
    const names = tts.listVoices();
    const say = async (voice?: string) => JSON.stringify([...(await tts.generate("Hi.", { voice, seed: 1 })).audio]);
    const [none, first, second] = [await say(), await say(names[0]), await say(names[1])];
    const voice = await tts.loadVoice(names[1] ?? "");
    voice.dispose();
    const dropped = await tts.generate("Hi.", { voice }).catch((error) => [error.kind, error.message]);
    const again = await say(names[1]);
    await tts.dispose();
    return { names, first: none === first, second: first !== second && again === second, dropped };
  });
  await page.close();
  expect(result).toEqual({
    names: ["synthetic_1", "synthetic_2"],
    first: true,
    second: true,
    dropped: ["NoVoice", "this voice was disposed of: load it again"],
  });
});

test("recordings are read and judged as the native command does", async () => {
  const wav = await readFile(await recording());
  const noLength = Buffer.from(wav);
  noLength.writeUInt32LE(0, 4);
  noLength.writeUInt32LE(0xffffffff, wav.indexOf("data") + 4);
  const page = await openPage(browser.context, server);
  const result = await page.evaluate(
    async ([sound, noLength]) => {
      const notices: string[] = [];
      const onNotice = ({ kind }: { kind: string }) => void notices.push(kind);
      const tts = await globalThis.pocket.PocketTTS.fromPretrained("/models/english_2m", { onNotice });
      const clone = async (samples: Float32Array) => {
        notices.length = 0;
        const voice = await tts.cloneVoice({ samples, sampleRate: 24_000 });
        voice.dispose();
        return [...notices];
      };
      const tone = (seconds: number, peak: number) =>
        Float32Array.from({ length: seconds * 24_000 }, (_, i) => peak * Math.sin(i / 10));
      const context = new OfflineAudioContext(2, 72_000, 24_000);
      const antiphase = context.createBuffer(2, 72_000, 24_000);
      antiphase.copyToChannel(tone(3, 0.5), 0);
      antiphase.copyToChannel(tone(3, -0.5), 1);
      const refused = (recording: Blob | AudioBuffer) =>
        tts.cloneVoice(recording).then(
          () => "accepted",
          (error) => `${error.kind}: ${error.message}`,
        );
      const bytes = (values: readonly number[]) => new Blob([Uint8Array.from(values)]);
      const voices = await Promise.all([sound, noLength].map((file) => tts.cloneVoice(bytes(file))));
      const files = await Promise.all(voices.map(async (voice) => (await tts.exportVoice(voice)).arrayBuffer()));
      const result = {
        same: String(new Uint8Array(files[0] as ArrayBuffer)) === String(new Uint8Array(files[1] as ArrayBuffer)),
        fine: await clone(tone(3, 0.5)),
        short: await clone(tone(0.5, 0.5)),
        scale: await clone(tone(3, 9000)),
        antiphase: await refused(antiphase),
        page: await refused(new Blob(["<html>log in</html>"])),
        empty: await refused(new Blob([])),
      };
      await tts.dispose();
      return result;
    },
    [[...wav], [...noLength]] as const,
  );
  await page.close();
  expect(result).toEqual({
    same: true,
    fine: [],
    short: ["short-recording"],
    scale: ["recording-scale"],
    antiphase: "Audio: the recording's channels cancel each other out: give one channel only",
    page: expect.stringContaining("Audio: the file is a web page (HTML), not a recording"),
    empty: expect.stringContaining("Audio: the file is empty"),
  });
});
