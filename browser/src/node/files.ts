/** Reads files by their `file:` addresses, which not every runtime can fetch. */

/// <reference types="node" />

import { open, type FileHandle } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { PocketTTSError } from "../errors.js";
import type { Fetch } from "../loading/fetch.js";
import { fileError } from "./system-errors.js";

/** Most bytes that are read at a time. */
const PART = 1 << 20;

/** Fetches an address, from the disk or over http. */
export const fetchAny: Fetch = (url, init) => (url.startsWith("file:") ? fromDisk(url) : fetch(url, init));

async function fromDisk(url: string): Promise<Response> {
  const path = fileURLToPath(url);
  const file = await open(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  const { size } = await file.stat();
  const headers: HeadersInit = { "content-length": `${size}` };
  if (path.endsWith(".wasm")) {
    headers["content-type"] = "application/wasm";
  }
  return new Response(bytes(path, file), { headers });
}

function bytes(path: string, file: FileHandle): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      const part = new Uint8Array(PART);
      try {
        const { bytesRead } = await file.read(part, 0, part.length);
        if (bytesRead > 0) {
          controller.enqueue(part.subarray(0, bytesRead));
          return;
        }
        controller.close();
      } catch (cause) {
        controller.error(unreadable(path, cause));
      }
      await file.close();
    },
    cancel: () => file.close(),
  });
}

function unreadable(path: string, cause: unknown): PocketTTSError {
  return fileError(`cannot read ${path}`, cause);
}
