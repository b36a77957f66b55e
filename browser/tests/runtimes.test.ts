/** The package in programs: Node, Deno and Bun speak as the native command does. */

import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BUNDLES, difference, floatsOfWav, native, nativeSpeech, PACKAGE } from "./support/bundles.js";
import { packPackage, type Projects } from "./support/project.js";
import { readmeCode } from "./support/readme.js";
import { type Runtime, runtimes, tool } from "./support/runtimes.js";
import { serve, type Server } from "./support/server.js";

const run = promisify(execFile);

const TEXT = "Hello there. [pause 100ms] This is a test.";
const SEED = 7;
/** Feedback amplifies rounding: so much of the beginning is compared sample by sample. */
const COMPARED = 10 * 1920;
/** How far samples may be from the native command's, exact and quantised: see `speaking.test.ts`. */
const [EXACT, QUANTISED] = [1e-3, 1e-2];

let projects: Projects;
let served: Server;
let exact: Float32Array;
let starling: Float32Array;

/** What the native command says with the included model. */
async function starlingSpeech(text: string, args: string[]): Promise<Float32Array> {
  return floatsOfWav(await native(["speak", text, "--format", "f32", "-o", "out.wav", ...args], "out.wav"));
}

beforeAll(async () => {
  projects = await packPackage();
  served = await serve({ "/models/": BUNDLES });
  exact = await nativeSpeech("english_2m", TEXT, ["--seed", `${SEED}`]);
  starling = await starlingSpeech(TEXT, ["--seed", `${SEED}`]);
});

afterAll(async () => {
  await served?.[Symbol.asyncDispose]();
  await projects?.[Symbol.asyncDispose]();
});

async function floats(file: string): Promise<Float32Array> {
  return new Float32Array(Uint8Array.from(await readFile(file)).buffer);
}

describe.each(runtimes())("$name", ({ name, command: [program, ...words] }: Runtime) => {
  const folder = name.replace(" ", "-");

  test("the README's program", async () => {
    const script = await readmeCode("js", "// hello.mjs");
    const dir = await projects.create(`${folder}-readme`, { "hello.mjs": script });
    await run(program, [...words, "hello.mjs"], { cwd: dir });
    const natively = await native(
      ["speak", "Hello world.", "--voice", "heron", "--seed", "1", "-o", "out.wav"],
      "out.wav",
    );
    // The samples differ by rounding; the lengths of speech do not.
    expect((await readFile(join(dir, "hello.wav"))).length).toBe(natively.length);
  }, 180_000);

  test("ends by itself after requests that failed or were aborted", async () => {
    const script = `
      import { PocketTTS } from "pocket-onnx";
      const tts = await PocketTTS.fromPretrained(undefined, { threads: 2 });
      const kinds = [];
      await tts.generate("").catch(({ kind }) => kinds.push(kind));
      for (const wait of [5, 20]) {
        const signal = AbortSignal.timeout(wait);
        await tts.generate("Hello there, how are you today?", { signal }).catch(({ name }) => kinds.push(name));
      }
      const { audio } = await tts.generate("Hi.", { seed: 1 });
      console.log(JSON.stringify({ kinds, spoken: audio.length > 0 }));`;
    const dir = await projects.create(`${folder}-ends`, { "ends.mjs": script });
    // Nothing but the end of its work ends it: without that, the test runs out of time.
    const { stdout } = await run(program, [...words, "ends.mjs"], { cwd: dir, timeout: 60_000 });
    expect(JSON.parse(stdout)).toEqual({ kinds: ["Text", "TimeoutError", "TimeoutError"], spoken: true });
  }, 180_000);

  test("ends with a stream that was left half read, and speaks inside a loop over a stream", async () => {
    const script = `
      import { PocketTTS } from "pocket-onnx";
      const found = { warnings: [], notices: [] };
      globalThis.process?.on?.("warning", ({ name }) => found.warnings.push(name));
      const onNotice = ({ kind }) => found.notices.push(kind);
      const tts = await PocketTTS.fromPretrained({ onNotice, threads: THREADS });
      found.inside = 0;
      for await (const chunk of tts.stream("This is a longer text. ".repeat(20), { seed: 1 })) {
        if (found.inside === 0) found.inside = (await tts.generate("Hello.", { seed: 1 })).audio.length;
        found.outside = (found.outside ?? 0) + chunk.audio.length;
      }
      const all = Array.from({ length: 20 }, () => tts.generate("Hello.", { seed: 1 }));
      found.same = new Set((await Promise.all(all)).map(({ audio }) => audio.length)).size;
      const left = tts.stream("This is a longer text. ".repeat(200));
      await left.next();
      console.log(JSON.stringify(found));`;
    for (const threads of ["1", "2"]) {
      const dir = await projects.create(`${folder}-left-${threads}`, {
        "left.mjs": script.replace("THREADS", threads),
      });
      const { stdout } = await run(program, [...words, "left.mjs"], { cwd: dir, timeout: 60_000 });
      const found = JSON.parse(stdout);
      expect(found).toMatchObject({ warnings: [], notices: [], same: 1 });
      expect(found.inside).toBeGreaterThan(1920);
      expect(found.outside).toBeGreaterThan(20 * 24_000);
    }
  }, 180_000);

  test("ONNX Runtime", async () => {
    const script = `
      import { PocketTTS } from "pocket-onnx";
      const tts = await PocketTTS.fromPretrained({ backend: "onnxruntime" });
      const own = await PocketTTS.fromPretrained();
      const length = async (tts) => (await tts.generate("Hello there.", { seed: 1 })).audio.length;
      console.log(JSON.stringify([await length(tts), await length(own)]));
      await tts.dispose();`;
    const dir = await projects.create(`${folder}-onnxruntime`, { "main.mjs": script });
    const { stdout } = await run(program, [...words, "main.mjs"], { cwd: dir, timeout: 60_000 });
    const [other, own] = JSON.parse(stdout);
    expect(other).toBeGreaterThan(1920);
    expect(other / own).toBeCloseTo(1, 0);
  }, 180_000);

  test("a file of compressed sound", async () => {
    const script = `
      import { writeFile } from "node:fs/promises";
      import { PocketTTS } from "pocket-onnx";
      const tts = await PocketTTS.fromPretrained();
      const speech = await tts.generate("Hello.", { seed: 1 });
      await tts.dispose();
      await writeFile("speech.wav", speech.toWav());
      for (const [type, ending] of [["audio/flac", "flac"], ["audio/ogg", "opus"], ["audio/mpeg", "mp3"]]) {
        await writeFile("speech." + ending, new Uint8Array(await (await speech.toBlob(type)).arrayBuffer()));
      }`;
    const dir = await projects.create(`${folder}-files`, { "files.js": script });
    await run(program, [...words, "files.js"], { cwd: dir });
    const decoded = async (file: string) => {
      const args = ["-v", "warning", "-i", join(dir, file), "-f", "s16le", "-ac", "1", "-ar", "24000", "-"];
      return (await run("ffmpeg", args, { encoding: "buffer", maxBuffer: 1 << 26 })).stdout;
    };
    const samples = await decoded("speech.wav");
    expect((await decoded("speech.flac")).equals(samples)).toBe(true);
    expect((await decoded("speech.opus")).length).toBe(samples.length);
    expect((await decoded("speech.mp3")).length).toBe(samples.length);
  });

  test("voices, bundles on the disk and on a server, and what goes wrong", async () => {
    const script = await readFile(join(PACKAGE, "tests/programs/program.js"), "utf8");
    const dir = await projects.create(folder, { "main.js": script });
    const asked = {
      bundle: join(BUNDLES, "english_2m"),
      served: `${served.url}models/english_2m/`,
      voiceFile: join(BUNDLES, "english_2m", "voice.synthetic_1.safetensors"),
      text: TEXT,
      seed: SEED,
    };
    await run(
      program,
      [...words, ...(name === "Deno" ? ["--allow-net=127.0.0.1"] : []), "main.js", JSON.stringify(asked)],
      { cwd: dir },
    );
    const found = JSON.parse(await readFile(join(dir, "found.json"), "utf8"));
    expect(found).toMatchObject({
      voices: ["robin", "heron"],
      alone: 1,
      first: 1920,
      isSame: true,
      exported: true,
      arrived: true,
    });
    expect(found.cloned).toBeGreaterThan(0);
    expect(found.numbers).toBeGreaterThan(1920 * 5);
    expect(found.notices).not.toContain("quota");
    const { failures } = found;
    expect(failures.player).toEqual(["Unsupported", "only a page plays sound: elsewhere, use `generate` or `stream`"]);
    expect(failures.speak).toEqual(failures.player);
    expect(failures.missing[0]).toBe("File");
    expect(failures.missing[1]).toContain(
      `${join(dir, "nowhere/manifest.json")}: no such file or folder: the address must be that of a bundle's folder`,
    );
    expect(failures.http[0]).toBe("Http");
    expect(failures.otherVoice[0]).toBe("Voice");
    expect(failures.encoded[0]).toBe("Audio");
    expect(failures.aborted[0]).toBe("AbortError");
    expect(failures.late[0]).toBe("TimeoutError");

    const said = await floats(join(dir, "starling.f32"));
    expect(said.length).toBe(starling.length);
    expect(difference(said, starling, COMPARED)).toBeLessThan(QUANTISED);
    for (const way of ["disk", "manifest", "http"]) {
      const samples = await floats(join(dir, `${way}.f32`));
      expect(samples.length).toBe(exact.length);
      expect(difference(samples, exact, COMPARED)).toBeLessThan(EXACT);
    }
  }, 180_000);
});

test("the types fit a project with the DOM's types, and one that skips the checks of libraries", async () => {
  const main = `
    import { PocketTTS } from "pocket-onnx";
    const tts = await PocketTTS.fromPretrained();
    export const bytes: Uint8Array = (await tts.generate("Hello.", { seed: 1 })).toWav();`;
  const dir = await projects.create("types", { "main.ts": main });
  for (const options of [{ lib: ["es2022", "dom"] }, { lib: ["es2023"], skipLibCheck: true }]) {
    const compilerOptions = { module: "nodenext", target: "es2022", strict: true, noEmit: true, types: [], ...options };
    await writeFile(join(dir, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["main.ts"] }));
    const checked = await run(join(PACKAGE, "node_modules/.bin/tsc"), ["-p", dir]).catch((error) => error);
    expect(checked.code ?? 0, checked.stdout).toBe(0);
  }
}, 120_000);

test("the package can be published as it is", async () => {
  const linted = await run(tool("publint"), ["run", projects.archive, "--strict"]).catch((error) => error);
  expect(linted.code ?? 0, linted.stdout).toBe(0);
  const typed = await run(tool("attw"), [projects.archive, "--profile", "esm-only"]).catch((error) => error);
  expect(typed.code ?? 0, typed.stdout).toBe(0);
  const { stderr } = await run("npm", ["publish", "--dry-run", "--loglevel=warn"], { cwd: PACKAGE });
  const warnings = stderr.split("\n").filter((line) => line.startsWith("npm warn"));
  // Nobody has to be logged in for that.
  expect(warnings.filter((line) => !line.includes("requires you to be logged in"))).toEqual([]);
}, 180_000);
