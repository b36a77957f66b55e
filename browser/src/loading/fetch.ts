/** One HTTP response, into memory. */

import { PocketTTSError } from "../errors.js";

/** Memory for a file. A view is requested at every use, because wasm memory may move. */
export interface FileBuffer {
  view(): Uint8Array<ArrayBuffer>;
  /** A fast checksum of the content, if there is one. */
  checksum?(): string;
}

/** Options of a request. */
export interface FetchOptions {
  /** `reload` bypasses the browser's HTTP cache. */
  cache: RequestCache;
  signal?: AbortSignal | undefined;
}

/** How an address is fetched. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

let fetching: Fetch = (url, init) => fetch(url, init);

/** Replaces `fetch`, in runtimes where it cannot fetch all addresses. */
export function fetchWith(other: Fetch): void {
  fetching = other;
}

/** The successful response for `url`, which is absolute. */
export async function request(url: string, { cache, signal }: FetchOptions): Promise<Response> {
  let response: Response;
  try {
    response = await fetching(url, signal === undefined ? { cache } : { cache, signal });
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof PocketTTSError) {
      throw cause;
    }
    const { protocol } = new URL(url);
    const why = /^https?:$/.test(protocol)
      ? "no answer"
      : `browsers do not fetch from ${protocol} addresses; serve the files over https, or from localhost`;
    throw new PocketTTSError("Network", `cannot fetch ${url}: ${why}`, { cause });
  }
  if (!response.ok) {
    const status = `${response.status} ${response.statusText}`.trim();
    throw new PocketTTSError("Http", `cannot fetch ${url}: the server says ${status}`);
  }
  if (/^text\/html\b/i.test(response.headers.get("content-type") ?? "")) {
    throw new PocketTTSError(
      "WrongType",
      `cannot fetch ${url}: the server sends a web page (text/html) in place of the file`,
    );
  }
  return response;
}

/** Reads a body of `size` bytes into `buffer`, of which a view is taken only when bytes have come. */
export async function fill(
  response: Response,
  url: string,
  size: number,
  buffer: FileBuffer,
  progress: (bytes: number) => void,
): Promise<void> {
  let loaded = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const part = await reader?.read().catch((cause: unknown) => {
      const message = `the download of ${url} was interrupted after ${loaded} of ${size} bytes`;
      throw new PocketTTSError("Size", message, { cause });
    });
    if (part === undefined || part.done) {
      break;
    }
    if (loaded + part.value.length > size) {
      await reader?.cancel();
      throw new PocketTTSError("Size", `${url} has more than the ${size} bytes of the manifest`);
    }
    buffer.view().set(part.value, loaded);
    loaded += part.value.length;
    progress(loaded);
  }
  if (loaded < size) {
    throw new PocketTTSError("Size", `${url} has ${loaded} bytes where the manifest says ${size}`);
  }
}
