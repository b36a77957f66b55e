/** `npx pocket-onnx` behaves as the native command `pocket-onnx speak` does. */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUNDLES, floatsOfWav, native } from "./support/bundles.js";
import { output as nativeOutput } from "./support/command.js";
import { packPackage, type Projects } from "./support/project.js";

const run = promisify(execFile);

/** What is said, and what the included model makes of it is the same with the same seed. */
const TEXT = "Hello there, my friend. How are you today?";
const SEED = ["--seed", "1"];
/** Bytes of a WAV file before its samples. */
const HEADER = 44;

let projects: Projects;
let dir: string;

beforeAll(async () => {
  projects = await packPackage();
  dir = await projects.create("npx", {});
});

afterAll(async () => {
  await projects?.[Symbol.asyncDispose]();
});

interface Result {
  code: number;
  stdout: Buffer;
  stderr: string;
}

/** Runs it, whatever comes of it. */
async function npx(args: string[], input: string | Uint8Array = ""): Promise<Result> {
  return new Promise((resolve) => {
    const options = { cwd: dir, encoding: "buffer", maxBuffer: 1 << 24 } as const;
    const child = execFile("npx", ["--offline", "pocket-onnx", ...args], options, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr: stderr.toString() });
    });
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}

/** Starts it without npx, which has signals of its own; its standard input stays open. */
function start(args: string[]): ChildProcess & { stdin: NodeJS.WritableStream; stdout: NodeJS.ReadableStream } {
  const script = join(dir, "node_modules/pocket-onnx/dist/node/command.js");
  const child = spawn(process.execPath, [script, ...args], { cwd: dir, stdio: ["pipe", "pipe", "inherit"] });
  return child;
}

const file = (name: string) => readFile(join(dir, name));
const exists = (name: string) =>
  stat(join(dir, name)).then(
    () => true,
    () => false,
  );
/** Files that were not completed. */
const partial = async () => (await readdir(dir)).filter((name) => name.endsWith(".partial"));

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test("a text, and one from a pipe", async () => {
  const natively = await native(["speak", TEXT, ...SEED, "-o", "out.wav"], "out.wav");
  const { code, stderr } = await npx([TEXT, ...SEED, "-o", "hello.wav"]);
  expect([code, stderr]).toEqual([0, expect.stringMatching(/^\d\.\d s of sound in hello\.wav, .*, seed 1\n$/)]);
  const hello = await file("hello.wav");
  expect(hello.length).toBe(natively.length);
  // The header knows the length.
  expect(hello.subarray(0, HEADER).equals(natively.subarray(0, HEADER))).toBe(true);
  const piped = await npx(["--voice", "robin", ...SEED, "-q", "-o", "-"], TEXT);
  expect([piped.code, piped.stderr]).toEqual([0, ""]);
  expect(piped.stdout.subarray(HEADER).equals(hello.subarray(HEADER))).toBe(true);
}, 180_000);

test("a text without words, and an option that is refused", async () => {
  const args = ["🎉", ...SEED, "--json", "-o", "silence.wav"];
  const { stdout } = await npx(args);
  const summary = JSON.parse(stdout.toString());
  const output = join(dir, "native.wav");
  const natively = JSON.parse(await nativeOutput(["speak", ...args.slice(0, -1), output]));
  for (const { seconds, notices } of [summary, natively]) {
    expect([seconds, notices]).toEqual([0.2, [{ kind: "no-words", message: expect.stringContaining("no words") }]]);
  }
  const refused = await npx(["Hello", "--max-tokens", "0"]);
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/^error: --max-tokens: .*1 token\n/)]);
}, 60_000);

test("options have the names and the values of the native command's", async () => {
  const options = (help: string) =>
    new Map(
      Array.from(help.matchAll(/^ +(?:-(\w), |)--([\w-]+)(.*)$/gm), ([, short, name, value]) => [
        name ?? "",
        [short, value?.trim()],
      ]),
    );
  const own = options((await npx(["--help"])).stdout.toString());
  const natively = options(await nativeOutput(["speak", "--help"]));
  // An address is a bundle, too; and a version is that of the package.
  own.set("bundle", natively.get("bundle") ?? []);
  own.delete("version");
  for (const [name, option] of own) {
    expect([name, natively.get(name)?.map((part) => part?.toUpperCase())]).toEqual([
      name,
      option.map((part) => part?.toUpperCase()),
    ]);
  }
  const left = [...natively.keys()].filter((name) => !own.has(name));
  expect(left.sort()).toEqual(["backend", "onnxruntime", "play"]);
});

test("every native command is refused with words", async () => {
  const help = await nativeOutput(["--help"]);
  const listed = help.slice(help.indexOf("Commands:"), help.indexOf("Options:"));
  const commands = Array.from(listed.matchAll(/^ {2}(\S+)/gm), ([, name]) => name ?? "");
  expect(commands).toContain("speak");
  for (const command of commands.filter((name) => name !== "help")) {
    const { code, stderr } = await npx([command]);
    expect([command, code, stderr]).toEqual([command, 2, expect.stringContaining("a command of the native program")]);
  }
});

test("a bundle, speed, formats, and a voice from a recording", async () => {
  const bundle = ["--bundle", join(BUNDLES, "english_2m"), ...SEED];
  await npx(["Hello world.", ...bundle, "--speed", "2", "-o", "fast.wav"]);
  await npx(["Hello world.", ...bundle, "--threads", "1", "-o", "usual.wav"]);
  const [fast, usual] = [await file("fast.wav"), await file("usual.wav")];
  expect(fast.length / usual.length).toBeCloseTo(0.5, 1);
  expect((await npx(["Hello.", "--voice", "usual.wav", "-o", "cloned.flac"])).code).toBe(0);
  expect((await file("cloned.flac")).subarray(0, 4).toString()).toBe("fLaC");
  const formats: [string, string][] = [
    ["f32", "floats.wav"],
    ["pcm", "samples.pcm"],
    ["opus", "speech.ogg"],
    ["mp3", "speech"],
  ];
  for (const [format, name] of formats) {
    const args = [TEXT, ...SEED, "--format", format];
    expect((await npx([...args, "-o", name])).code).toBe(0);
    const made = await file(name);
    const natively = await native(["speak", ...args, "-o", name], name);
    expect(Math.abs(made.length / natively.length - 1)).toBeLessThan(0.02);
    const head = format === "pcm" ? 0 : 4;
    expect(made.subarray(0, head)).toEqual(natively.subarray(0, head));
  }
  expect(floatsOfWav(await file("floats.wav")).length).toBe((await file("samples.pcm")).length / 2);
}, 180_000);

test("sound streams while the text is still being written, and an interrupt keeps it", async () => {
  const streaming = start(["-q", "-o", "-"]);
  streaming.stdin.write("Hello there. ");
  // This arrives although the text does not end.
  const [first] = await once(streaming.stdout, "data");
  expect(first.subarray(0, 4).toString()).toBe("RIFF");
  streaming.stdin.end();
  streaming.stdout.resume();
  expect(await once(streaming, "exit")).toEqual([0, null]);

  await writeFile(join(dir, "kept.wav"), "an old file");
  await chmod(join(dir, "kept.wav"), 0o640);
  const interrupted = start(["-q", "-o", "kept.wav"]);
  interrupted.stdin.write("Hello there. How are you? ");
  await until(async () => {
    const [name] = await partial();
    return name !== undefined && (await stat(join(dir, name))).size > 10_000;
  });
  expect((await file("kept.wav")).toString()).toBe("an old file");
  interrupted.kill("SIGINT");
  expect(await once(interrupted, "exit")).toEqual([130, null]);
  const kept = await file("kept.wav");
  expect(kept.readUInt32LE(HEADER - 4)).toBe(kept.length - HEADER);
  expect((await stat(join(dir, "kept.wav"))).mode & 0o777).toBe(0o640);

  // Without any sound nothing is replaced.
  const early = start(["-q", "-o", "kept.wav"]);
  await until(async () => (await partial()).length > 0);
  early.kill("SIGTERM");
  expect(await once(early, "exit")).toEqual([130, null]);
  expect((await file("kept.wav")).equals(kept)).toBe(true);
  expect(await partial()).toEqual([]);
}, 180_000);

test("words, normalisation, a pronunciation list, and a summary", async () => {
  await writeFile(join(dir, "list.txt"), "SQL = sequel\n");
  const text = "Zoë has 12 dogs, and SQL. Do you?\n";
  await writeFile(join(dir, "text.txt"), Buffer.from(`\ufeff${text}`, "utf16le"));
  const args = ["--normalize", "--replace", "list.txt", ...SEED, "--voice", "heron"];
  const { code, stdout, stderr } = await npx(["--text-file", "text.txt", ...args, "--json", "--words", "words.json"]);
  expect([code, stderr]).toEqual([0, ""]);
  const summary = JSON.parse(stdout.toString());
  const cwd = dir;
  const natively = JSON.parse(
    await nativeOutput(["speak", text, ...args, "--json", "-o", "native.wav", "--words", "native.json"], { cwd }),
  );
  expect(Object.keys(summary)).toEqual(Object.keys(natively));
  const figures = ["real_time_factor", "first_sound_seconds", "loading_seconds", "peak"];
  for (const name of [...figures, "output", "synthetic", "words"]) {
    delete summary[name];
    delete natively[name];
  }
  expect(summary).toEqual(natively);
  type Timed = { text: string; start: number; end: number };
  const [words, expected] = [JSON.parse(`${await file("words.json")}`), JSON.parse(`${await file("native.json")}`)];
  const withoutTimes = (words: Timed[]) => words.map(({ start, end, ...word }) => word);
  expect(withoutTimes(words)).toEqual(withoutTimes(expected));
  expected.forEach((word: Timed, at: number) => expect(words[at].start).toBeCloseTo(word.start, 1));

  for (const ending of ["srt", "vtt", "ass"]) {
    await npx([text, ...args, "-o", "speech.wav", "--words", `words.${ending}`]);
    await nativeOutput(["speak", text, ...args, "-o", "native.wav", "--words", `native.${ending}`], { cwd });
    // Times differ by rounding.
    const shape = async (name: string) => `${await file(name)}`.replace(/\d/g, "0").replace(/\{\\k0+\}/g, "");
    expect(await shape(`words.${ending}`)).toBe(await shape(`native.${ending}`));
  }
}, 180_000);

test("a text that cannot be read is spoken up to there", async () => {
  const bad = Buffer.concat([Buffer.from("This is one. This is two.\nBad "), Buffer.of(0xe9), Buffer.from(" byte.")]);
  const piped = await npx(["-o", "bad.wav"], bad);
  expect(piped.code).toBe(1);
  expect(piped.stderr).toContain("notice: bad.wav contains what was spoken before the text failed");
  expect(piped.stderr).toMatch(/error: cannot read the text from standard input: line 2 is not UTF-8 at byte 31/);
  expect((await file("bad.wav")).length).toBeGreaterThan(24_000);
  // A file is checked before any of it is spoken.
  await writeFile(join(dir, "bad.txt"), bad);
  const filed = await npx(["--text-file", "bad.txt", "-o", "unwritten.wav"]);
  expect([filed.code, filed.stderr]).toEqual([
    1,
    expect.stringMatching(/^error: cannot read the text in bad.txt: line 2/),
  ]);
  expect(await exists("unwritten.wav")).toBe(false);
}, 180_000);

test("a reader that closes the pipe early is no error", async () => {
  const line = `npx --offline pocket-onnx "$0" -q -o - | head -c 100 | wc -c; echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = await run("bash", ["-c", line, "Hello world. ".repeat(20)], { cwd: dir });
  expect([stdout, stderr]).toEqual(["100\n0\n", ""]);
}, 180_000);

test("what goes wrong has a message and an exit code", async () => {
  const failures: [string[], number, RegExp][] = [
    [["a", "b"], 2, /^error: unexpected argument 'b'/],
    [["serve"], 2, /^error: 'serve' is a command of the native program, .*: write 'serve\.'/],
    [["--spee", "2"], 2, /^error: unexpected argument '--spee' \(did you mean '--speed'\?\)/],
    [["Hello", "--volume", "3"], 2, /^error: unexpected argument '--volume': put '--' before a text/],
    [["Hello", "--seed", "x"], 2, /^error: invalid value 'x' for '--seed <N>': not a whole number from 0 to 9/],
    [["Hello", "--seed", "-1"], 2, /^error: invalid value '-1' for '--seed <N>': not a whole number/],
    [["Hello", "--seed", "9007199254740993"], 2, /^error: invalid value '9007199254740993'.*\(2\^53 - 1\)/],
    [["Hello", "--seed", "1", "--seed", "2"], 2, /^error: the option '--seed <N>' cannot be used multiple times/],
    [["Hello", "--voice", "--quiet"], 2, /^error: a value is required for '--voice <NAME\|FILE>'.* '--voice=--quiet'/],
    [["Hello", "--quiet=yes"], 2, /^error: the option '--quiet' takes no value/],
    [["Hello", "--quiet", "--json"], 2, /^error: the argument '--json' cannot be used with '--quiet'/],
    [["Hello", "--text-file", "a.txt"], 2, /^error: the argument '\[TEXT\]' cannot be used with '--text-file <FILE>'/],
    [["Hello", "--threads", "0"], 2, /^error: invalid value '0' for '--threads <N>'/],
    [["Hello", "--normalize=klingon"], 2, /^error: invalid value 'klingon' for '--normalize.*english/],
    [["Hello", "--format", "aac"], 2, /^error: invalid value 'aac' for '--format <FORMAT>': there are wav, f32/],
    [["Hello", "--words", "a.txt"], 2, /^error: a.txt: words are written as .json, .srt, .vtt or .ass/],
    [["Hello", "--speed", "9"], 2, /^error: .*speed.* from 0.5 to 2/],
    [["Hello", "--voice", "nobody"], 1, /^error: no voice nobody/],
    [["Hello", "--bundle", "nowhere"], 1, /^error: cannot read .*nowhere\/manifest.json/],
    [["--text-file", "nowhere.txt"], 1, /^error: cannot read the text in nowhere.txt: no such file or folder/],
    [["Hello", "-o", "nowhere/hello.wav"], 1, /^error: cannot write nowhere\/hello.wav: no such file or folder/],
    [["Hello", "-o", "node_modules"], 1, /^error: cannot write node_modules: it is a folder/],
    [
      ["Hello", "-o", "hello.m4a"],
      2,
      /^error: hello.m4a: this format is not supported .* ffmpeg -i hello.wav hello.m4a/,
    ],
    [["Hello", "-o", "a.wav", "--format", "mp3"], 2, /^error: a.wav: this name is of a WAV file.*: give a.mp3/],
    [[""], 1, /^error: the text is empty/],
  ];
  for (const [args, code, message] of failures) {
    const failed = await npx(args);
    expect([failed.code, failed.stderr]).toEqual([code, expect.stringMatching(message)]);
    expect(failed.stdout.length).toBe(0);
  }
}, 180_000);
