/** One rule for each kind of argument and option of the package. */

import { FORMATS } from "../manifest.js";
import { type Language, LANGUAGES } from "../languages.js";
import type { LoadOptions, PlayOptions, SpeakOptions } from "../options.js";
import type { PlayerOptions } from "../player/player.js";
import type { Mark } from "../player/timeline.js";
import type { Player } from "../player/index.js";
import type { Backend } from "../backend.js";
import type { SpeechOptions } from "../../wasm/simd/pocket_onnx.js";
import { isTextSource, type TextSource } from "../text-stream.js";
import { Voice } from "../voice.js";
import { MEDIA_TYPES, type MediaType, type Tags } from "../sound-file.js";
import type { WavFormat } from "../wav.js";
import { isAbortSignal, isAudioContext } from "./brands.js";
import { checked, mayBeOptions, type Rule, type Rules } from "./check.js";
import { SPEECH_OPTIONS } from "./speech-options.js";
import { wholeNumber } from "./tensors.js";

/** Most threads in a page. */
const MOST_THREADS = 64;
/** Sample rates of recordings and of played sound. */
const RATES = [1_000, 768_000] as const;
/** Slowest and fastest playback. */
const SPEEDS = [0.5, 2] as const;

export const text: Rule<TextSource> = {
  expected: "a string, a TextStream, a ReadableStream, or an async iterable of strings",
  fits: isTextSource,
};

/** A bundle's address as text: a string, or the `href` of an object. */
export function addressText(value: unknown): string {
  let href = value;
  try {
    // Read once: it may differ the next time.
    href = isObject(value) ? value["href"] : value;
  } catch {
    // Then it cannot be read as text.
  }
  checked("Value", "the address of a bundle", value, {
    expected: "a string or a URL",
    fits: () => typeof href === "string",
  });
  return href as string;
}

export const voice: Rule<string | Voice> = {
  expected: "the name of a voice or a Voice",
  fits: (value) => typeof value === "string" || value instanceof Voice,
};

/** A function that takes a `T`. */
export function callback<T>(): Rule<T> {
  return { expected: "a function", fits: (value) => typeof value === "function" };
}

export const signal: Rule<AbortSignal> = {
  expected: "an AbortSignal (the `signal` of an AbortController)",
  fits: isAbortSignal,
};

export const sampleRate: Rule<number> = {
  expected: `a whole number of samples a second, from ${RATES[0]} to ${RATES[1]}`,
  fits: (value) => Number.isInteger(value) && within(value as number, RATES),
};

export const mark: Rule<Mark> = {
  expected: "an object with a text",
  fits: (value) =>
    isObject(value) &&
    typeof value["text"] === "string" &&
    ["from", "to", "before"].every((name) => ["number", "undefined"].includes(typeof value[name])),
};

export const mediaType: Rule<MediaType> = oneOf<MediaType>(...MEDIA_TYPES);
export const wavFormat: Rule<WavFormat> = oneOf<WavFormat>("i16", "f32");
export const voiceFormat: Rule<"f32" | "f16"> = oneOf("f32", "f16");

/** A playback speed. Its limits are those of the Rust side. */
export const speed: Rule<number> = {
  expected: `a number from ${SPEEDS[0]} to ${SPEEDS[1]}`,
  fits: (value) => typeof value === "number" && within(value, SPEEDS),
};

const string: Rule<string> = {
  expected: "a string",
  fits: (value) => typeof value === "string",
};
export const tags: Rules<Tags> = { text: string, voice: string, model: string };

const flag: Rule<boolean> = {
  expected: "true or false",
  fits: (value) => typeof value === "boolean",
};
const number: Rule<number> = {
  expected: "a number",
  fits: (value) => typeof value === "number",
};
const threads: Rule<number> = {
  expected: `a whole number from 1 to ${MOST_THREADS}`,
  fits: (value) => Number.isInteger(value) && within(value as number, [1, MOST_THREADS]),
};
const player: Rule<Player> = {
  expected: "a Player",
  fits: (value) =>
    isObject(value) && ["write", "end", "stop", "close"].every((name) => typeof value[name] === "function"),
};
const context: Rule<AudioContext> = {
  expected: "an AudioContext",
  fits: isAudioContext,
};

const normalize: Rule<boolean | Language> = {
  expected: `true, false, or a language: ${oneOf<Language>(...LANGUAGES).expected}`,
  fits: (value) => typeof value === "boolean" || LANGUAGES.includes(value as Language),
};
const replacements: Rule<Readonly<Record<string, string>> | string> = {
  expected: "an object of words and their spoken forms, or lines of the form `word = spoken form`",
  fits: (value) =>
    typeof value === "string" ||
    (isObject(value) &&
      !Array.isArray(value) &&
      !(value instanceof Map) &&
      Object.values(value).every((spoken) => typeof spoken === "string")),
};

const flushAfter: Rule<number> = {
  expected: "a number of seconds from 0 on",
  fits: (value) => typeof value === "number" && value >= 0,
};

/** Whether options are given instead of an address: addresses are strings, or objects with an address. */
export function isLoadOptions(value: unknown): value is LoadOptions {
  try {
    return mayBeOptions(value) && !("href" in value);
  } catch {
    // A proxy that throws: reading its options will report that.
    return true;
  }
}

export const loadOptions: Rules<LoadOptions> = {
  backend: oneOf<Backend>("engine", "onnxruntime"),
  dtype: oneOf(...FORMATS),
  device: oneOf("wasm", "webgpu"),
  threads,
  onProgress: callback(),
  onNotice: callback(),
  signal,
};

const kinds = { whole: wholeNumber, number, flag };
const speechOptions = Object.fromEntries(
  Object.entries(SPEECH_OPTIONS).map(([name, kind]) => [name, kinds[kind]]),
) as unknown as Rules<SpeechOptions>;

// The Rust side checks which numbers make sense.
export const speakOptions: Rules<SpeakOptions> = {
  voice,
  ...speechOptions,
  normalize,
  replacements,
  flushAfter,
  signal,
};

export const playOptions: Rules<PlayOptions> = { ...speakOptions, player };
export const cloneOptions: Rules<{ signal?: AbortSignal | undefined }> = { signal };
export const playerOptions: Rules<PlayerOptions> = { context, speed };

function oneOf<T extends string>(...values: readonly T[]): Rule<T> {
  const quoted = values.map((value) => JSON.stringify(value));
  return {
    expected: `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`,
    fits: (value) => values.includes(value as T),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function within(value: number, [least, most]: readonly [number, number]): boolean {
  return value >= least && value <= most;
}
