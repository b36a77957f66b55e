#!/usr/bin/env node
/** `npx pocket-onnx "Hello" -o hello.wav`, which behaves as the native `pocket-onnx speak`. */

/// <reference types="node" />

import { readFile, realpath } from "node:fs/promises";
import { parse } from "node:path";
import { messageOf } from "../errors.js";
import { freshSeed } from "../stopwatch.js";
import { type Encoders, loadEncoders } from "../worker/encoders.js";
import { type Arguments, help, readArguments, UsageError } from "./arguments.js";
import { type Notice, PocketTTS, PocketTTSError, type SpeechChunk, type Voice } from "./index.js";
import { INTERRUPTED, Interrupts } from "./interrupts.js";
import { type Destination, findDestination, type Output, openOutput } from "./output.js";
import { line, progress, type Spoken, summary } from "./report.js";
import { encoding, SoundOutput } from "./sound-output.js";
import { SPEECH_OPTIONS } from "./speech-options.js";
import { isFromStandardInput, openText, standardInput, type Text, textOf } from "./text-input.js";
import { WordTimes } from "./word-times.js";

/** Exit codes of the native command. */
const FAILED = 1;
const MISUSED = 2;

/** Bytes of a voice file before its header, which is an object. */
const SAFETENSORS_LENGTH = 8;

async function main(): Promise<number> {
  const asked = readArguments(process.argv.slice(2));
  if (asked === "help") {
    await print(help());
    return 0;
  }
  if (asked === "version") {
    await print(`pocket-onnx ${await version()}\n`);
    return 0;
  }
  return speak(asked);
}

/** Loads the bundle, speaks and reports. Returns the exit code. */
async function speak(args: Arguments): Promise<number> {
  if (args.voice === "-" && isFromStandardInput(args.text, args.textFile)) {
    throw new UsageError("--voice and the text cannot both come from standard input: give a text or --text-file");
  }
  // Problems with the outputs are reported first.
  const encoders = await loadEncoders();
  const outputs = await findOutputs(args, encoders);
  const text = await openText(args.text, args.textFile);
  const replacements = args.replace === undefined ? undefined : await textOf(args.replace);
  const start = performance.now();
  const notices: Notice[] = [];
  const onNotice = (notice: Notice) => {
    notices.push(notice);
    if (!args.json) say(args, `notice: ${notice.message}`);
  };
  const tts = await PocketTTS.fromPretrained(args.bundle, { onNotice, threads: args.threads });
  if (tts.synthetic) say(args, "notice: this bundle is synthetic: random weights, which make noise and not speech");
  const voice = await voiceOf(tts, args.voice);
  await tts.prepare(voice);
  const loading = performance.now() - start;

  const seed = args.options.seed ?? freshSeed();
  const times = outputs.words !== undefined || (args.json && tts.tellsWords) ? outputs.times : undefined;
  const { normalize } = args;
  const options = { ...args.options, seed, voice, normalize, replacements, words: times !== undefined };
  const made = await write(args, outputs, { tts, text, options, encoders, times });
  const { failure, ...spoken } = made;
  if (outputs.words !== undefined && times !== undefined && spoken.sound.samples > 0) {
    const file = await openOutput(outputs.words);
    await file.write(times.file());
    await file.finish();
  }
  await tts.dispose();
  if (failure !== undefined) {
    say(args, `notice: ${outputs.sound.name} contains what was spoken before the text failed`);
    throw failure;
  }
  const report: Spoken = { tts, seed, loading, notices, words: times, ...spoken };
  if (args.json) {
    // Standard output may be the sound.
    if (outputs.sound.kind === "standard output") {
      process.stderr.write(summary(report, args));
    } else {
      await print(summary(report, args));
    }
  } else {
    say(args, line(report, outputs.sound.name));
  }
  return report.interrupted ? INTERRUPTED : 0;
}

interface Outputs {
  sound: Destination;
  format: string;
  words: Destination | undefined;
  times: WordTimes;
}

/** Where sound and words go. Refuses an output that is also an input. */
async function findOutputs(
  { output, format, words, textFile, voice }: Arguments,
  encoders: Encoders,
): Promise<Outputs> {
  const times = WordTimes.of(words, encoders);
  const sound = await findDestination(output);
  if (sound.kind === "standard output" && process.stdout.isTTY) {
    throw new UsageError("standard output is a terminal: give -o FILE, or pipe -o - into a player");
  }
  const found = encoding(() => encoders.soundFormat(output, format, sound.kind === "file"));
  await refuseInput(sound, textFile, "text");
  await refuseInput(sound, voice, "voice");
  const wordsFile = words === undefined ? undefined : await findDestination(words);
  if (wordsFile?.kind === "file" && wordsFile.path === sound.path) {
    throw new UsageError(`${words} is also the sound: choose another name`);
  }
  return { sound, format: found, words: wordsFile, times };
}

async function refuseInput({ kind, path }: Destination, input: string | undefined, what: string): Promise<void> {
  if (kind === "file" && input !== undefined && (await realpath(input).catch(() => undefined)) === path) {
    throw new UsageError(`${input} is also the ${what}, which would be lost: choose another name for the output`);
  }
}

interface Speaking {
  tts: PocketTTS;
  text: Text;
  options: NonNullable<Parameters<PocketTTS["stream"]>[1]>;
  encoders: Encoders;
  times: WordTimes | undefined;
}

/**
 * Writes all chunks as they come. If the text fails after some of them, or an interrupt comes, what was spoken is
 * kept.
 */
async function write(
  args: Arguments,
  { sound: destination, format }: Outputs,
  { tts, text, options, encoders, times }: Speaking,
): Promise<Pick<Spoken, "sound" | "figures" | "interrupted"> & { failure: unknown }> {
  let output: Output;
  let interrupts: Interrupts;
  if (destination.kind === "file") {
    interrupts = new Interrupts();
    output = await openOutput(destination);
  } else {
    // Opening a pipe waits for its reader: an interrupt ends that at once.
    output = await openOutput(destination);
    interrupts = new Interrupts();
  }
  const { signal } = interrupts;
  const voice = args.voice === undefined ? tts.listVoices()[0] : parse(args.voice).name;
  const sound = new SoundOutput(encoders, output, format, tts.sampleRate, { voice, model: tts.variant });
  let figures: SpeechChunk["statistics"] | undefined;
  let failure: unknown;
  const bar = process.stderr.isTTY && !args.quiet && !args.json;
  const clear = () => bar && process.stderr.write("\r\x1b[2K");
  try {
    try {
      for await (const chunk of tts.stream(times?.hear(text) ?? text, { ...options, signal })) {
        figures = chunk.statistics;
        times?.add(chunk);
        const isRead = await sound.write(chunk);
        clear();
        if (chunk.cut) {
          say(args, `notice: no end of speech was found for ${JSON.stringify(chunk.text)}: its sound is cut off`);
        }
        if (!isRead || signal.aborted) break;
        if (bar) process.stderr.write(progress(figures));
      }
      if (!signal.aborted) times?.finish();
    } catch (error) {
      // Errors of the text come after the sound of what is before them.
      const isOfText = error instanceof PocketTTSError && error.kind === "Text";
      if (!signal.aborted && !(isOfText && sound.samples > 0)) throw error;
      failure = signal.aborted ? undefined : error;
    } finally {
      clear();
    }
    if (sound.samples === 0 && sound.canSeek && signal.aborted) {
      await sound.abandon();
    } else {
      await sound.finish();
    }
  } catch (error) {
    await sound.abandon();
    throw error;
  } finally {
    interrupts.end();
  }
  return { sound, figures, failure, interrupted: signal.aborted };
}

/** A voice of the bundle, or else of a file. */
async function voiceOf(tts: PocketTTS, given: string | undefined): Promise<string | Voice | undefined> {
  if (given === undefined || tts.listVoices().includes(given)) {
    return given;
  }
  const file = given === "-" ? await standardInput() : await readFile(given).catch(() => undefined);
  if (file === undefined) {
    const has = tts.listVoices().join(", ") || "none";
    throw new PocketTTSError(
      "NoVoice",
      `no voice ${given}: neither a file, nor a voice of the bundle, which has ${has}`,
    );
  }
  return file[SAFETENSORS_LENGTH] === "{".charCodeAt(0) ? tts.loadVoice(file) : tts.cloneVoice(file);
}

/** Says something that is not a result. */
function say({ quiet }: Arguments, text: string): void {
  if (!quiet) {
    process.stderr.write(`${text}\n`);
  }
}

/** Prints a result. A closed pipe is not an error: its reader has what it wanted. */
async function print(text: string): Promise<void> {
  process.stdout.on("error", () => {});
  await new Promise((resolve) => process.stdout.write(text, resolve));
}

/** The package's version. */
async function version(): Promise<string> {
  const manifest = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  return JSON.parse(manifest).version;
}

/** Reports why the command failed, and returns the exit code. */
function failed(error: unknown): number {
  process.stderr.write(`error: ${naming(messageOf(error))}\n`);
  if (error instanceof UsageError) {
    process.stderr.write("\nFor more information, try '--help'.\n");
  }
  const isMisused = error instanceof UsageError || (error instanceof PocketTTSError && error.kind === "Options");
  return isMisused ? MISUSED : FAILED;
}

/** A message about an option, which has another name here. */
function naming(message: string): string {
  return message.replace(/^the option (\w+):/, (all, name: string) => {
    const described = Object.entries(SPEECH_OPTIONS).find(([option]) => option === name)?.[1];
    return described === undefined ? all : `--${described.name}:`;
  });
}

// Standard input may still be open: its end is not waited for.
process.exit(await main().catch(failed));
