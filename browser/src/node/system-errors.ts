/** Errors of the system, in words. */

/// <reference types="node" />

import { messageOf, PocketTTSError } from "../errors.js";

/** What the usual codes mean. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  ENOENT: "no such file or folder",
  ENOTDIR: "a part of the path is not a folder",
  EISDIR: "it is a folder: give the name of a file",
  ENOSPC: "no space left on the device",
  EDQUOT: "the disk quota is used up",
  EROFS: "the file system is read-only",
  EMFILE: "too many open files",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "too many links",
  EFBIG: "the file is too large for this file system",
};

/** The code of an error of the system. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

/** Why the system refused something. */
export function reasonOf(error: unknown): string {
  return REASONS[codeOf(error) ?? ""] ?? messageOf(error);
}

/** A file that cannot be read or written. */
export function fileError(what: string, cause: unknown): PocketTTSError {
  return cause instanceof PocketTTSError ? cause : new PocketTTSError("File", `${what}: ${reasonOf(cause)}`, { cause });
}
