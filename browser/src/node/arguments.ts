/** The command line, parsed. Options have the names and the meaning that `pocket-onnx speak` gives them. */

/// <reference types="node" />

import { parseArgs } from "node:util";
import type { SpeechOptions } from "../../wasm/simd/pocket_onnx.js";
import { suggestion } from "../checks/nearest.js";
import { SPEECH_OPTIONS as KINDS } from "../checks/speech-options.js";
import { type Language, LANGUAGES } from "../languages.js";
import { SPEECH_OPTIONS } from "./speech-options.js";

/** A command line that cannot be understood. */
export class UsageError extends Error {}

export interface Arguments {
  /** The text; undefined: from `textFile`, or from standard input. */
  text: string | undefined;
  /** A file with the text; `-` is standard input. */
  textFile: string | undefined;
  /** Folder or address of the bundle. */
  bundle: string | undefined;
  /** A voice's name, or a file; `-` is standard input. */
  voice: string | undefined;
  /** The file to write; `-` is standard output. */
  output: string;
  /** Format of the sound. */
  format: string | undefined;
  normalize: boolean | Language | undefined;
  /** A pronunciation list. */
  replace: string | undefined;
  /** The file of word times. */
  words: string | undefined;
  threads: number | undefined;
  json: boolean;
  quiet: boolean;
  options: SpeechOptions;
}

interface Described {
  name: string;
  short?: string;
  /** The placeholder of a value; undefined if the option takes none. */
  value?: string;
  /** Whether the value may be left out; then it follows an equals sign. */
  isOptional?: true;
  help: string;
}

const OWN: readonly Described[] = [
  { name: "text-file", value: "FILE", help: "Read the text from a file, in UTF-8 or UTF-16; `-` is standard input." },
  {
    name: "bundle",
    value: "DIR|URL",
    help: "Folder or address of the bundle. Default: starling, the small English model that is included.",
  },
  {
    name: "voice",
    value: "NAME|FILE",
    help: "A voice of the bundle, a voice file, or a WAV recording to clone (`-` is standard input). Default: the bundle's first voice.",
  },
  {
    name: "output",
    short: "o",
    value: "FILE",
    help: "File to write: .wav, .flac, .opus, .mp3 or .pcm; `-` streams to standard output. Default: speech.wav.",
  },
  {
    name: "format",
    value: "FORMAT",
    help: "Format of the sound: wav, f32 (WAV of 32-bit floating point), pcm, flac, opus or mp3. Default: the one that the file's ending names, or WAV.",
  },
  {
    name: "normalize",
    value: "LANGUAGE",
    isOptional: true,
    help: `Rewrite numbers, dates, money, abbreviations and signs as words, in the model's language or in the one named (${LANGUAGES.join(", ")}). \`no\` turns it off. Default: only if the vocabulary has no digits.`,
  },
  {
    name: "replace",
    value: "FILE",
    help: "A pronunciation list: lines `word = spoken form`. A word in lower case matches in any case, one with a capital letter only as written.",
  },
  {
    name: "words",
    value: "FILE",
    help: "Write the time of each word into a file: as data (.json), or as subtitles (.srt, or with a mark for each word .vtt and .ass).",
  },
  { name: "json", help: "Print a summary as JSON, with word times if the model's word heads are known." },
  {
    name: "threads",
    value: "N",
    help: "Threads: with 2 the decoder runs on a thread of its own; more change nothing.",
  },
  { name: "quiet", short: "q", help: "Print errors only." },
  { name: "help", short: "h", help: "Print this." },
  { name: "version", short: "V", help: "Print the version." },
];

const DESCRIBED: readonly Described[] = [...OWN, ...Object.values(SPEECH_OPTIONS)];
/** Names of formats, and what else the native command calls them. */
const FORMATS: Readonly<Record<string, string>> = {
  wav: "wav",
  i16: "wav",
  f32: "f32",
  pcm: "pcm",
  flac: "flac",
  opus: "opus",
  mp3: "mp3",
};
const MOST_THREADS = 64;
/** Commands of the native program, which somebody may expect here. */
const NATIVE: ReadonlySet<string> = new Set([
  "convert",
  "variants",
  "verify",
  "inspect",
  "speak",
  "heads",
  "tokenize",
  "voice",
  "serve",
  "speech-dispatcher",
  "demo",
]);

/** Parses a command line; `help` and `version` take precedence over everything else. */
export function readArguments(args: readonly string[]): Arguments | "help" | "version" {
  const { given, texts } = split(args);
  if (given.has("help")) return "help";
  if (given.has("version")) return "version";
  if (texts.length > 1) {
    const way =
      texts[0] === "speak"
        ? "leave `speak` out, which is all that this command does"
        : "put the text between quotation marks";
    throw new UsageError(`unexpected argument '${texts[1]}': ${way}`);
  }
  refuseBoth(given, "json", "quiet");
  const [text] = texts;
  if (text !== undefined && NATIVE.has(text)) {
    throw new UsageError(
      `'${text}' is a command of the native program, and this one only speaks: write '${text}.' to hear the word`,
    );
  }
  if (text !== undefined && given.has("text-file")) {
    throw new UsageError("the argument '[TEXT]' cannot be used with '--text-file <FILE>': leave one of them out");
  }
  return {
    text: text === "-" ? undefined : text,
    textFile: given.get("text-file"),
    bundle: given.get("bundle"),
    voice: given.get("voice"),
    output: given.get("output") ?? "speech.wav",
    format: format(given.get("format")),
    normalize: normalize(given.get("normalize")),
    replace: given.get("replace"),
    words: given.get("words"),
    threads: threads(given.get("threads")),
    json: given.has("json"),
    quiet: given.has("quiet"),
    options: speechOptions(given),
  };
}

/** The options with their values, which are empty for those that take or have none, and the texts between them. */
function split(args: readonly string[]): { given: Map<string, string>; texts: string[] } {
  const options = Object.fromEntries(
    DESCRIBED.map(({ name, short, value, isOptional }) => {
      const type = value === undefined || isOptional === true ? ("boolean" as const) : ("string" as const);
      return [name, short === undefined ? { type } : { type, short }];
    }),
  );
  // It is not strict because its messages have no way out.
  const { tokens } = parseArgs({ args: [...args], options, allowPositionals: true, strict: false, tokens: true });
  const given = new Map<string, string>();
  const texts: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") {
      texts.push(token.value);
    } else if (token.kind === "option") {
      const option = DESCRIBED.find(({ name }) => name === token.name);
      if (option === undefined) {
        throw unknown(token.rawName);
      }
      if (given.has(option.name)) {
        throw new UsageError(`the option '${shown(option)}' cannot be used multiple times`);
      }
      given.set(option.name, valueOf(option, token.value, token.inlineValue === true));
    }
  }
  return { given, texts };
}

/** The value of an option, as it was typed. */
function valueOf(option: Described, value: string | undefined, isInline: boolean): string {
  if (option.value === undefined) {
    if (isInline) {
      throw new UsageError(`the option '${shown(option)}' takes no value: leave '=${value}' out`);
    }
    return "";
  }
  if (option.isOptional === true) {
    return value ?? "";
  }
  // Another option is no value, but `-` and a negative number are.
  const isOption = !isInline && value !== undefined && /^-(?=[^\d.])./.test(value);
  if (value === undefined || isOption) {
    const help = isOption ? `: write '--${option.name}=${value}' if ${value} is the value` : "";
    throw new UsageError(`a value is required for '${shown(option)}', and none was given${help}`);
  }
  return value;
}

function unknown(typed: string): UsageError {
  const names = DESCRIBED.map(({ name }) => `--${name}`);
  const meant = suggestion(typed, names, "'");
  return new UsageError(`unexpected argument '${typed}'${meant}: put '--' before a text that begins with a dash`);
}

function refuseBoth(given: ReadonlyMap<string, string>, one: string, other: string): void {
  if (given.has(one) && given.has(other)) {
    throw new UsageError(`the argument '--${one}' cannot be used with '--${other}': leave one of them out`);
  }
}

function invalid(name: string, value: string, why: string): UsageError {
  const option = DESCRIBED.find((option) => option.name === name);
  return new UsageError(`invalid value '${value}' for '${option === undefined ? name : shown(option)}': ${why}`);
}

function format(value: string | undefined): string | undefined {
  if (value === undefined) {
    return undefined;
  }
  const found = FORMATS[value];
  if (found === undefined) {
    throw invalid("format", value, `there are ${[...new Set(Object.values(FORMATS))].join(", ")}`);
  }
  return found;
}

function normalize(value: string | undefined): boolean | Language | undefined {
  const word = value?.toLowerCase();
  switch (word) {
    case undefined:
    case "auto":
      return undefined;
    case "":
    case "yes":
    case "on":
    case "true":
      return true;
    case "no":
    case "off":
    case "false":
      return false;
    default:
      if (!LANGUAGES.includes(word as Language)) {
        throw invalid("normalize", word, `there are yes, no, ${LANGUAGES.join(", ")}`);
      }
      return word as Language;
  }
}

function threads(value: string | undefined): number | undefined {
  if (value === undefined) {
    return undefined;
  }
  const count = whole(value);
  if (count === undefined || count < 1 || count > MOST_THREADS) {
    throw invalid("threads", value, `not a whole number from 1 to ${MOST_THREADS}`);
  }
  return count;
}

/** Parses numbers; the model checks their ranges. */
function speechOptions(given: ReadonlyMap<string, string>): SpeechOptions {
  const options: SpeechOptions = {};
  for (const [key, { name }] of Object.entries(SPEECH_OPTIONS)) {
    const typed = given.get(name);
    if (typed !== undefined) {
      const option = key as keyof typeof SPEECH_OPTIONS;
      const isWhole = KINDS[option] === "whole";
      const number = isWhole ? whole(typed) : real(typed);
      if (number === undefined) {
        const most = `${Number.MAX_SAFE_INTEGER} (2^53 - 1)`;
        throw invalid(name, typed, isWhole ? `not a whole number from 0 to ${most}` : "not a number");
      }
      options[option] = number;
    }
  }
  return options;
}

function whole(typed: string): number | undefined {
  const number = Number(typed);
  return /^\+?\d+$/.test(typed) && Number.isSafeInteger(number) ? number : undefined;
}

function real(typed: string): number | undefined {
  const number = Number(typed);
  return typed.trim() === "" || Number.isNaN(number) ? undefined : number;
}

/** An option as it is typed, with what stands for its value. */
function shown({ name, value, isOptional }: Described): string {
  if (value === undefined) {
    return `--${name}`;
  }
  return isOptional === true ? `--${name}[=<${value}>]` : `--${name} <${value}>`;
}

/** The text of `--help`. */
export function help(): string {
  const rows = DESCRIBED.map((option) => {
    const letter = option.short === undefined ? "    " : `-${option.short}, `;
    return `  ${letter}${shown(option)}\n          ${wrapped(option.help)}`;
  });
  return `Speak a text

Usage: pocket-onnx [OPTIONS] [TEXT]

Arguments:
  [TEXT]
          ${wrapped("What to say; `[pause 500ms]` and `[pause 1.2s]` add a pause. `-`, or no text, reads standard input and speaks each sentence as it comes. Put `--` before a text that begins with a dash.")}

Options:
${rows.join("\n")}
`;
}

/** Most characters in a line of help. */
const WIDTH = 88;

/** A sentence, broken into lines of the same indentation. */
function wrapped(sentence: string): string {
  const lines = [""];
  for (const word of sentence.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line === "") {
      lines[lines.length - 1] = word;
    } else if (line.length + 1 + word.length <= WIDTH) {
      lines[lines.length - 1] = `${line} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines.join("\n          ");
}
