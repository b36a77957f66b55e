/** The command line, parsed. */

/// <reference types="node" />

import { parseArgs } from "node:util";
import type { SpeechOptions } from "../../wasm/simd/pocket_onnx.js";
import { messageOf } from "../errors.js";
import { SPEECH_OPTIONS } from "./speech-options.js";

/** A command line that cannot be understood. */
export class UsageError extends Error {}

export interface Arguments {
  /** The text; default: standard input. */
  text: string | undefined;
  /** Folder or address of the bundle. */
  bundle: string | undefined;
  /** A voice's name, or a file. */
  voice: string | undefined;
  /** The file to write; `-` is standard output. */
  output: string;
  quiet: boolean;
  options: SpeechOptions;
}

interface Described {
  name: string;
  short?: string;
  /** The placeholder of a value; undefined if the option takes none. */
  value?: string;
  help: string;
}

const OWN: readonly Described[] = [
  {
    name: "bundle",
    value: "DIR|URL",
    help: "Folder or address of the bundle. Default: starling, the small English model that is included.",
  },
  {
    name: "voice",
    value: "NAME|FILE",
    help: "A voice of the bundle, a voice file, or a WAV recording to clone. Default: the bundle's first voice.",
  },
  {
    name: "output",
    short: "o",
    value: "FILE",
    help: "File to write: .wav, .flac, .opus, .ogg (Opus) or .mp3; `-` is standard output. Default: speech.wav.",
  },
  { name: "quiet", short: "q", help: "Say nothing but errors." },
  { name: "help", short: "h", help: "Say this." },
  { name: "version", short: "V", help: "Say the version." },
];

const DESCRIBED: readonly Described[] = [...OWN, ...Object.values(SPEECH_OPTIONS)];

/** Parses a command line; `help` and `version` take precedence over everything else. */
export function readArguments(args: readonly string[]): Arguments | "help" | "version" {
  const options = Object.fromEntries(
    DESCRIBED.map(({ name, short, value }) => {
      const type = value === undefined ? ("boolean" as const) : ("string" as const);
      return [name, short === undefined ? { type } : { type, short }];
    }),
  );
  const { values, positionals } = parsed(() => parseArgs({ args: [...args], options, allowPositionals: true }));
  if (values["help"] === true) return "help";
  if (values["version"] === true) return "version";
  if (positionals.length > 1) {
    throw new UsageError(`unexpected argument '${positionals[1]}': put the text between quotation marks`);
  }
  const text = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === "string" ? value : undefined;
  };
  const [given] = positionals;
  return {
    text: given === "-" ? undefined : given,
    bundle: text("bundle"),
    voice: text("voice"),
    output: text("output") ?? "speech.wav",
    quiet: values["quiet"] === true,
    options: speechOptions(text),
  };
}

function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

/** Parses numbers; the model checks their ranges. */
function speechOptions(text: (name: string) => string | undefined): SpeechOptions {
  const options: SpeechOptions = {};
  for (const [key, { name, value }] of Object.entries(SPEECH_OPTIONS)) {
    const given = text(name);
    if (given !== undefined) {
      const number = given.trim() === "" ? Number.NaN : Number(given);
      if (Number.isNaN(number)) {
        throw new UsageError(`invalid value '${given}' for '--${name} <${value}>': it has to be a number`);
      }
      options[key as keyof typeof SPEECH_OPTIONS] = number;
    }
  }
  return options;
}

/** The text of `--help`. */
export function help(): string {
  const rows = DESCRIBED.map(({ name, short, value, help }) => {
    const letter = short === undefined ? "    " : `-${short}, `;
    const stands = value === undefined ? "" : ` <${value}>`;
    return `  ${letter}--${name}${stands}\n          ${wrapped(help)}`;
  });
  return `Speak a text

Usage: pocket-onnx [OPTIONS] [TEXT]

Arguments:
  [TEXT]
          ${wrapped("What to say; `[pause 500ms]` and `[pause 1.2s]` are silence. `-`, or no text, reads standard input. Put `--` before a text that begins with a dash.")}

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
