/** The bundles that `cargo xtask test` makes, and the command that made them. */

import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** Folder of the npm package. */
export const PACKAGE = join(import.meta.dirname, "../..");
/** Folder with records of pocket-tts for the small models. */
export const RECORDS = join(PACKAGE, "../fixtures/records");

/** The small models, one per combination of options: those that have a configuration in the fixtures. */
export const TINY = readdirSync(join(PACKAGE, "../fixtures/configs"))
  .filter((name) => name.endsWith(".yaml"))
  .map((name) => name.slice(0, -".yaml".length))
  .sort();

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) {
    throw new Error(`${name} is not set: run \`cargo xtask browser\``);
  }
  return value;
}

/** Folder of the bundles. */
export const BUNDLES = variable("POCKET_ONNX_BUNDLES");

/** Runs the native command in a folder of its own, and reads a file that it writes there. */
export async function native(args: string[], output: string): Promise<Buffer> {
  const dir = await mkdtemp(join(tmpdir(), "pocket-onnx-"));
  try {
    await promisify(execFile)(variable("POCKET_ONNX_COMMAND"), args, { cwd: dir });
    return await readFile(join(dir, output));
  } finally {
    await rm(dir, { recursive: true });
  }
}

/** The samples that the native command speaks. */
export async function nativeSpeech(bundle: string, text: string, args: string[]): Promise<Float32Array> {
  const where = ["--bundle", join(BUNDLES, bundle), "--format", "f32", "-o", "out.wav"];
  return floatsOfWav(await native(["speak", text, ...where, ...args], "out.wav"));
}

/** The samples of a WAV file of 32-bit floating point. */
export function floatsOfWav(file: Buffer): Float32Array {
  const start = file.indexOf("data") + 8;
  const bytes = file.subarray(start, start + file.readUInt32LE(start - 4));
  return new Float32Array(Uint8Array.from(bytes).buffer);
}

/** The largest difference of the first `count` values, as a part of the largest value. */
export function difference(actual: Float32Array, expected: Float32Array, count = expected.length): number {
  let [largest, worst] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i] ?? 0));
  }
  for (let i = 0; i < count; i++) {
    worst = Math.max(worst, Math.abs((actual[i] ?? Number.NaN) - (expected[i] ?? Number.NaN)));
  }
  return worst / largest;
}
