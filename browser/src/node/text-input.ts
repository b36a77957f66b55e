/** The text to speak: the argument, a file, or standard input. */

/// <reference types="node" />

import { fstatSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { ByteDecoder, type Decoded } from "../decoding.js";
import { PocketTTSError } from "../errors.js";
import { UsageError } from "./arguments.js";
import { fileError, reasonOf } from "./system-errors.js";

/** A text, all of it or as it arrives. */
export type Text = string | AsyncIterable<string>;

/** Whether standard input is the text. */
export function isFromStandardInput(text: string | undefined, textFile: string | undefined): boolean {
  return text === undefined && (textFile === undefined || textFile === "-");
}

/** What is to be said. Files are read at once, so that errors are reported before anything is spoken. */
export async function openText(text: string | undefined, textFile: string | undefined): Promise<Text> {
  if (text !== undefined) {
    // A byte order mark that `"$(cat FILE)"` passed on.
    return text.replace(/^\ufeff/, "");
  }
  if (textFile !== undefined && textFile !== "-") {
    return fromFile(textFile);
  }
  if (process.stdin.isTTY) {
    throw new UsageError("nothing to say: give a text, --text-file, or text on standard input");
  }
  return fstatSync(0).isFile()
    ? whole("from standard input", await bytesOf(process.stdin))
    : pieces("from standard input", process.stdin);
}

async function fromFile(path: string): Promise<Text> {
  const what = `cannot read the text in ${path}`;
  const failed = (cause: unknown): never => {
    throw fileError(what, cause);
  };
  const file = await open(path).catch(failed);
  const found = await file.stat().catch(failed);
  if (found.isFile() || found.isDirectory()) {
    const bytes = await file.readFile().catch(failed);
    await file.close();
    return whole(`in ${path}`, bytes);
  }
  // A pipe can be read only once.
  return pieces(`in ${path}`, file.createReadStream());
}

/** All of standard input. */
export async function standardInput(): Promise<Uint8Array> {
  return bytesOf(process.stdin);
}

async function bytesOf(source: AsyncIterable<Uint8Array | string>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of source) {
    parts.push(Buffer.from(part));
  }
  return Buffer.concat(parts);
}

function whole(name: string, bytes: Uint8Array): string {
  const { text, failure } = new ByteDecoder().decode(bytes, true);
  if (failure !== undefined) {
    throw named(name, failure);
  }
  return text;
}

/** The pieces of a text, as they come. The text before something that cannot be decoded comes before the error. */
async function* pieces(name: string, source: AsyncIterable<Uint8Array | string>): AsyncGenerator<string, void> {
  const decoder = new ByteDecoder();
  try {
    for await (const part of source) {
      yield* upToFailure(decoder.decode(Buffer.from(part), false));
    }
    yield* upToFailure(decoder.decode(new Uint8Array(0), true));
  } catch (error) {
    throw named(name, error);
  }
}

function* upToFailure({ text, failure }: Decoded): Generator<string, void> {
  yield text;
  if (failure !== undefined) {
    throw failure;
  }
}

/** An error with the name of the text. */
function named(name: string, error: unknown): PocketTTSError {
  const what = `cannot read the text ${name}`;
  const why = error instanceof PocketTTSError ? error.message : reasonOf(error);
  return new PocketTTSError("Text", `${what}: ${why}`, { cause: error });
}

/** The text of a small file, such as a pronunciation list. */
export async function textOf(path: string): Promise<string> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw fileError(`cannot read ${path}`, cause);
  });
  return whole(`in ${path}`, bytes);
}
