/** Output files: a new file replaces an old one when it is complete; pipes and devices take bytes at once. */

/// <reference types="node" />

import { randomUUID } from "node:crypto";
import { type FileHandle, open, realpath, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Stats } from "node:fs";
import { codeOf, fileError } from "./system-errors.js";

/** An output that can be written, as far as this can be known in advance. */
export interface Destination {
  /** Its name for messages. */
  name: string;
  kind: "standard output" | "stream" | "file";
  /** The path without links, if it is not standard output. */
  path: string;
  /** The file that is replaced, if there is one. */
  old: Stats | undefined;
}

/** Other names of standard output. */
const OWN_OUTPUT: readonly string[] = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

/** Decides how `typed` is written; `-` is standard output. Refuses what cannot be written. */
export async function findDestination(typed: string): Promise<Destination> {
  if (typed === "-" || OWN_OUTPUT.includes(typed)) {
    return { name: "standard output", kind: "standard output", path: "", old: undefined };
  }
  try {
    const old = await stat(typed).catch(unlessMissing);
    if (old === undefined) {
      // Its folder must be there.
      const folder = await realpath(dirname(typed));
      return { name: typed, kind: "file", path: join(folder, basename(typed)), old };
    }
    if (old.isDirectory()) {
      throw Object.assign(new Error(), { code: "EISDIR" });
    }
    // Some links to pipes have no path behind them.
    return old.isFile()
      ? { name: typed, kind: "file", path: await realpath(typed), old }
      : { name: typed, kind: "stream", path: typed, old };
  } catch (cause) {
    throw unwritable(typed, cause);
  }
}

function unlessMissing(error: unknown): undefined {
  if (codeOf(error) !== "ENOENT") {
    throw error;
  }
}

function unwritable(name: string, cause: unknown): Error {
  return fileError(`cannot write ${name}`, cause);
}

/** Receives the bytes of an output. */
export abstract class Output {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  /** Whether bytes can be replaced until `finish`. */
  abstract readonly canSeek: boolean;
  /** Adds bytes, and returns whether they are still read. */
  abstract write(bytes: Uint8Array): Promise<boolean>;
  /** Replaces bytes. */
  abstract patch(offset: number, bytes: Uint8Array): Promise<void>;
  /** Completes the output. */
  abstract finish(): Promise<void>;
  /** Gives it up: an old file stays as it was. */
  abstract abandon(): Promise<void>;
}

/** Opens a destination. Opening a pipe waits for its reader. */
export async function openOutput({ name, kind, path, old }: Destination): Promise<Output> {
  switch (kind) {
    case "standard output":
      return PipeOutput.standardOutput(name);
    case "stream":
      return PipeOutput.toFile(name, await opened(name, path, "w"));
    case "file":
      return FileOutput.begin(name, path, old);
  }
}

function opened(name: string, path: string, flags: string, mode?: number): Promise<FileHandle> {
  return open(path, flags, mode).catch((cause: unknown) => {
    throw unwritable(name, cause);
  });
}

/** Whether an error says that a pipe's reader has closed it, which is no failure. */
function isClosedPipe(error: unknown): boolean {
  return ["EPIPE", "ERR_STREAM_DESTROYED"].includes(codeOf(error) ?? "");
}

/** A pipe or a device, which takes bytes at once. */
class PipeOutput extends Output {
  readonly canSeek = false;
  readonly #put: (bytes: Uint8Array) => Promise<void>;
  readonly #close: () => Promise<void>;
  #isRead = true;

  constructor(name: string, put: (bytes: Uint8Array) => Promise<void>, close: () => Promise<void>) {
    super(name);
    this.#put = put;
    this.#close = close;
  }

  static standardOutput(name: string): PipeOutput {
    // Errors also reach the callback below.
    process.stdout.on("error", () => {});
    const put = (bytes: Uint8Array) =>
      new Promise<void>((resolve, reject) => {
        process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
      });
    return new PipeOutput(name, put, async () => {});
  }

  static toFile(name: string, file: FileHandle): PipeOutput {
    return new PipeOutput(
      name,
      (bytes) => writeAll(file, bytes, null),
      () => file.close(),
    );
  }

  async write(bytes: Uint8Array): Promise<boolean> {
    if (bytes.length > 0 && this.#isRead) {
      try {
        await this.#put(bytes);
      } catch (error) {
        if (!isClosedPipe(error)) {
          throw unwritable(this.name, error);
        }
        this.#isRead = false;
      }
    }
    return this.#isRead;
  }

  async patch(): Promise<void> {}

  async finish(): Promise<void> {
    await this.#close();
  }

  async abandon(): Promise<void> {
    await this.#close();
  }
}

/** A file next to the final one, or that one itself if none can be made there. */
class FileOutput extends Output {
  readonly canSeek = true;
  readonly #file: FileHandle;
  readonly #path: string;
  /** The file that will replace the final one. */
  readonly #staged: string | undefined;
  #size = 0;

  private constructor(name: string, path: string, file: FileHandle, staged: string | undefined) {
    super(name);
    this.#path = path;
    this.#file = file;
    this.#staged = staged;
  }

  static async begin(name: string, path: string, old: Stats | undefined): Promise<FileOutput> {
    if (old !== undefined) {
      // A file that must not be written is not replaced either.
      await (await opened(name, path, "r+")).close();
    }
    const short = [...basename(path)].slice(0, 50).join("");
    const staged = join(dirname(path), `.${short}.${randomUUID()}.partial`);
    try {
      const file = await open(staged, "wx", 0o666);
      if (old === undefined || (await takesAfter(file, old))) {
        return new FileOutput(name, path, file, staged);
      }
      await file.close();
      await unlink(staged);
    } catch (cause) {
      if (old === undefined) {
        throw unwritable(name, cause);
      }
    }
    return new FileOutput(name, path, await opened(name, path, "w"), undefined);
  }

  async write(bytes: Uint8Array): Promise<boolean> {
    await this.patch(this.#size, bytes);
    this.#size += bytes.length;
    return true;
  }

  async patch(offset: number, bytes: Uint8Array): Promise<void> {
    await writeAll(this.#file, bytes, offset).catch((cause: unknown) => {
      throw unwritable(this.name, cause);
    });
  }

  async finish(): Promise<void> {
    try {
      await this.#file.sync();
      await this.#file.close();
      if (this.#staged !== undefined) {
        await rename(this.#staged, this.#path);
      }
    } catch (cause) {
      await this.abandon();
      throw unwritable(this.name, cause);
    }
  }

  async abandon(): Promise<void> {
    await this.#file.close().catch(() => {});
    if (this.#staged !== undefined) {
      await unlink(this.#staged).catch(() => {});
    }
  }
}

/** Gives `file` the owner and the mode of the one that it will replace; false if that is not allowed. */
async function takesAfter(file: FileHandle, { uid, gid, mode }: Stats): Promise<boolean> {
  try {
    const now = await file.stat();
    if (now.uid !== uid || now.gid !== gid) {
      await file.chown(uid, gid);
    }
    await file.chmod(mode);
    return true;
  } catch {
    return false;
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, offset: number | null): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const at = offset === null ? null : offset + written;
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, at);
    written += bytesWritten;
  }
}
