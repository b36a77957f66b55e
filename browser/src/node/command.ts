#!/usr/bin/env node
/** `npx pocket-onnx "Hello" -o hello.wav`. */

/// <reference types="node" />

import { readFile, writeFile } from "node:fs/promises";
import { extname } from "node:path";
import { type Arguments, help, readArguments, UsageError } from "./arguments.js";
import { type MediaType, PocketTTS, PocketTTSError, type Speech, type Voice } from "./index.js";

/** Exit codes of the native command. */
const FAILED = 1;
const MISUSED = 2;

/** Formats by the endings of files; others are WAV. */
const TYPES: Readonly<Record<string, MediaType>> = {
  ".flac": "audio/flac",
  ".opus": "audio/ogg",
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
  const start = performance.now();
  const onNotice = ({ message }: { message: string }) => void say(`notice: ${message}`);
  const tts = await PocketTTS.fromPretrained(bundle, { onNotice });
  if (tts.synthetic) say("notice: this bundle is synthetic: random weights, which make noise and not speech");
  const loaded = performance.now() - start;
  // Pieces of standard input are spoken as they come.
  const speech = await tts.generate(text ?? process.stdin, { ...options, voice: await voiceOf(tts, voice) });
  await tts.dispose();
  await write(output, speech);
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

async function write(output: string, speech: Speech): Promise<void> {
  const blob = await speech.toBlob(TYPES[extname(output).toLowerCase()] ?? "audio/wav");
  const file = new Uint8Array(await blob.arrayBuffer());
  if (output === "-") {
    await new Promise<void>((resolve, reject) => {
      process.stdout.write(file, (error) => (error == null ? resolve() : reject(error)));
    });
    return;
  }
  await writeFile(output, file).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PocketTTSError("File", `cannot write ${output}: ${why}`, { cause });
  });
}

/** The package's version. */
async function version(): Promise<string> {
  const manifest = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  return JSON.parse(manifest).version;
}

try {
  await main();
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  const isMisused = error instanceof UsageError || (error instanceof PocketTTSError && error.kind === "Options");
  if (error instanceof UsageError) {
    process.stderr.write("\nFor more information, try '--help'.\n");
  }
  process.exit(isMisused ? MISUSED : FAILED);
}
