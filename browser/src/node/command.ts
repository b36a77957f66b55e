#!/usr/bin/env node
/** `npx pocket-onnx "Hello" -o hello.wav`. */

/// <reference types="node" />

import { access, constants, readFile, writeFile } from "node:fs/promises";
import { dirname, extname } from "node:path";
import { messageOf } from "../errors.js";
import { type Arguments, help, readArguments, UsageError } from "./arguments.js";
import { type MediaType, PocketTTS, PocketTTSError, type Voice } from "./index.js";

/** Exit codes of the native command. */
const FAILED = 1;
const MISUSED = 2;

/** Formats by the endings of files; standard output and files without an ending get WAV. */
const TYPES: Readonly<Record<string, MediaType>> = {
  "": "audio/wav",
  ".wav": "audio/wav",
  ".flac": "audio/flac",
  ".opus": "audio/ogg",
  ".ogg": "audio/ogg",
  ".mp3": "audio/mpeg",
};

async function main(): Promise<void> {
  const asked = readArguments(process.argv.slice(2));
  if (asked === "help") {
    process.stdout.write(help());
  } else if (asked === "version") {
    process.stdout.write(`pocket-onnx ${await version()}\n`);
  } else {
    await speak(asked);
  }
}

async function speak({ text, bundle, voice, output, quiet, options }: Arguments): Promise<void> {
  const say = (line: string) => quiet || process.stderr.write(`${line}\n`);
  const type = await typeOf(output);
  const start = performance.now();
  const onNotice = ({ message }: { message: string }) => void say(`notice: ${message}`);
  const tts = await PocketTTS.fromPretrained(bundle, { onNotice });
  if (tts.synthetic) say("notice: this bundle is synthetic: random weights, which make noise and not speech");
  const loaded = performance.now() - start;
  // Pieces of standard input are spoken as they come.
  const speech = await tts.generate(text ?? process.stdin, { ...options, voice: await voiceOf(tts, voice) });
  await tts.dispose();
  await write(output, await speech.toBlob(type));
  const { seconds, realTimeFactor, firstSound, seed } = speech.statistics;
  const figures = [
    `real-time factor ${realTimeFactor?.toFixed(2)}`,
    `first sound after ${Math.round(1000 * (firstSound ?? 0))} ms`,
    `loaded in ${Math.round(loaded)} ms`,
    `seed ${seed}`,
  ];
  const where = output === "-" ? "standard output" : output;
  say(`${seconds.toFixed(1)} s of sound in ${where}, ${figures.join(", ")}`);
}

/** A voice of the bundle, or else of a file. */
async function voiceOf(tts: PocketTTS, given: string | undefined): Promise<string | Voice | undefined> {
  if (given === undefined || tts.listVoices().includes(given)) {
    return given;
  }
  const file = await readFile(given).catch(() => undefined);
  if (file === undefined) {
    const has = tts.listVoices().join(", ") || "none";
    throw new PocketTTSError(
      "NoVoice",
      `no voice ${given}: neither a file, nor a voice of the bundle, which has ${has}`,
    );
  }
  return given.endsWith(".safetensors") ? tts.loadVoice(file) : tts.cloneVoice(file);
}

/** The format of a file. Throws before any work if it is unknown, or if the file's folder cannot be written to. */
async function typeOf(output: string): Promise<MediaType> {
  const ending = output === "-" ? "" : extname(output).toLowerCase();
  const type = TYPES[ending];
  if (type === undefined) {
    const known = Object.keys(TYPES).filter((known) => known !== "");
    throw new UsageError(`no format has the ending ${ending} (of ${output}): there are ${known.join(", ")}`);
  }
  if (output !== "-") {
    await access(dirname(output), constants.W_OK).catch((cause: unknown) => {
      throw unwritable(output, cause);
    });
  }
  return type;
}

async function write(output: string, blob: Blob): Promise<void> {
  const file = new Uint8Array(await blob.arrayBuffer());
  if (output === "-") {
    await new Promise<void>((resolve, reject) => {
      // A reader that has enough closes the pipe; that is no error.
      process.stdout.on("error", (error: NodeJS.ErrnoException) =>
        error.code === "EPIPE" ? resolve() : reject(error),
      );
      process.stdout.write(file, () => resolve());
    });
    return;
  }
  await writeFile(output, file).catch((cause: unknown) => {
    throw unwritable(output, cause);
  });
}

function unwritable(output: string, cause: unknown): PocketTTSError {
  return new PocketTTSError("File", `cannot write ${output}: ${messageOf(cause)}`, { cause });
}

/** The package's version. */
async function version(): Promise<string> {
  const manifest = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  return JSON.parse(manifest).version;
}

try {
  await main();
} catch (error) {
  process.stderr.write(`error: ${messageOf(error)}\n`);
  const isMisused = error instanceof UsageError || (error instanceof PocketTTSError && error.kind === "Options");
  if (error instanceof UsageError) {
    process.stderr.write("\nFor more information, try '--help'.\n");
  }
  process.exit(isMisused ? MISUSED : FAILED);
}
