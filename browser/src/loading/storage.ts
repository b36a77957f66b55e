/**
 * Stores files for the next visit, in Cache Storage.
 *
 * Contents are stored under their digest, manifests under their address. A content is stored only after it
 * was checked, and is checked again when it is read, so several pages may load at once. The second check uses a
 * checksum if there is one, which takes a tenth of the time. Contents that no stored manifest lists are deleted.
 */

import type { FileEntry, Manifest } from "../manifest.js";
import { filesOf } from "../manifest.js";
import type { FileBuffer } from "./fetch.js";

const CACHE = "pocket-onnx";
/** Addresses for contents: a host name that cannot exist. */
const CONTENTS = "https://sha256.invalid/";
/** The header with a content's checksum. */
const CHECKSUM = "x-xxh3";
/** Bytes that are copied at a time. */
const PART = 1 << 20;

/** Whether files of an address are stored: if there is a Cache, unless they are on the disk already. */
export function isKept(address: string): boolean {
  return globalThis.caches !== undefined && !address.startsWith("file:");
}

/** The package's cache, once it was asked for. */
let opening: Promise<Cache> | undefined;

/** The package's cache; undefined if the page or the runtime offers none. */
async function open(): Promise<Cache | undefined> {
  try {
    opening ??= globalThis.caches?.open(CACHE);
    return await opening;
  } catch {
    // Storage is disabled or full. It may be tried again.
    opening = undefined;
    return undefined;
  }
}

/**
 * Holds the cache from now on. A private window of WebKit forgets a cache's entries when nobody holds it any more,
 * as when the workers end that stored them: so the page holds it before they do.
 */
export async function hold(): Promise<void> {
  await open();
}

/** The stored content of `file`, if there is one. */
export async function stored(file: FileEntry): Promise<Response | undefined> {
  return (await open())?.match(CONTENTS + file.sha256);
}

/** The checksum that was stored with a content. */
export function storedChecksum(response: Response): string | undefined {
  return response.headers.get(CHECKSUM) ?? undefined;
}

/** Deletes the content of `file`. */
export async function forget(file: FileEntry): Promise<void> {
  await (await open())?.delete(CONTENTS + file.sha256);
}

/** Stores the content of `file`. Returns false if the browser has no room for it. */
export async function store(file: FileEntry, buffer: FileBuffer): Promise<boolean> {
  let at = 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const part = buffer.view().slice(at, at + PART);
      at += part.length;
      if (part.length > 0) {
        controller.enqueue(part);
      } else {
        controller.close();
      }
    },
  });
  const checksum = buffer.checksum?.();
  const headers: HeadersInit = checksum === undefined ? {} : { [CHECKSUM]: checksum };
  return put(CONTENTS + file.sha256, new Response(body, { headers }));
}

/** The last stored manifest for `url`. */
export async function storedManifest(url: string): Promise<string | undefined> {
  return (await (await open())?.match(url))?.text();
}

/** Stores the manifest for `url`. */
export async function storeManifest(url: string, text: string): Promise<void> {
  await put(url, new Response(text));
}

/** Deletes all contents that no stored manifest lists. */
export async function sweep(): Promise<void> {
  const cache = await open();
  if (cache === undefined) {
    return;
  }
  const requests = await cache.keys();
  const isContent = (request: Request): boolean => request.url.startsWith(CONTENTS);
  const named = new Set<string>();
  for (const request of requests.filter((request) => !isContent(request))) {
    for (const digest of await digests(await cache.match(request))) {
      named.add(CONTENTS + digest);
    }
  }
  const old = requests.filter((request) => isContent(request) && !named.has(request.url));
  await Promise.all(old.map((request) => cache.delete(request)));
}

/** Digests of the files in a stored manifest; empty if it is damaged. */
async function digests(manifest: Response | undefined): Promise<string[]> {
  try {
    return filesOf((await manifest?.json()) as Manifest).map((file) => file.sha256);
  } catch {
    return [];
  }
}

/** Stores a response. Returns false if the browser has no room. */
async function put(url: string, response: Response): Promise<boolean> {
  const cache = await open();
  if (cache === undefined) {
    return false;
  }
  try {
    await cache.put(url, response);
    return true;
  } catch (error) {
    if (error instanceof DOMException && error.name === "QuotaExceededError") {
      return false;
    }
    throw error;
  }
}
