/** A server that can misbehave as a test asks: it serves the package, bundles and records, under one address. */

import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { gzipSync } from "node:zlib";

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/** Headers for cross-origin isolation. */
const ISOLATION = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/** Types that are compressed. */
const COMPRESSIBLE = [".html", ".js", ".css", ".json", ".wasm"];

/** A wrong answer, in place of the file. */
export type Fault = "missing" | "page" | "truncated" | "broken" | "other-bytes";

export interface Server extends AsyncDisposable {
  /** With a slash at the end. */
  url: string;
  /** Paths that were asked for. */
  asked: string[];
  /** Makes requests fail whose path ends like this, so many times. */
  fail(path: string, fault: Fault, times?: number): void;
  /** Delays requests whose path ends like this, until the returned function is called. */
  hold(path: string): () => void;
  /** Forgets all faults and requests. */
  reset(): void;
}

/** How files are served. */
interface Options {
  isolated?: boolean;
  /** Headers of every answer. */
  headers?: Record<string, string>;
  /** Pages that are not files, by their paths. */
  pages?: Record<string, string>;
  /** As docs/deploy.md requires: text and modules are compressed, and names with a digest cached. */
  published?: boolean;
}

/** Serves `mounts`: folders by the beginning of the path, with their `index.html` as page. */
export async function serve(
  mounts: Record<string, string>,
  { isolated = false, headers = {}, pages = {}, published = false }: Options = {},
): Promise<Server> {
  const asked: string[] = [];
  const compressed = new Map<string, Buffer>();
  let faults: { path: string; fault: Fault; times: number }[] = [];
  const held = new Map<string, Promise<void>>();

  async function answer(path: string, response: ServerResponse): Promise<void> {
    await Array.from(held).find(([end]) => path.endsWith(end))?.[1];
    const page = pages[path];
    if (page !== undefined) {
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(page);
      return;
    }
    const mount = Object.keys(mounts).find((mount) => path.startsWith(mount));
    const name = normalize(path.slice(mount?.length ?? 0) + (path.endsWith("/") ? "index.html" : ""));
    const file = join(mounts[mount ?? ""] ?? "/nowhere", name);
    const found = await stat(file).catch(() => undefined);
    if (!found?.isFile()) {
      response.writeHead(404, { "content-type": "text/plain" }).end("not found");
      return;
    }
    const type = TYPES[extname(file)] ?? "application/octet-stream";
    const index = faults.findIndex((fault) => path.endsWith(fault.path) && fault.times > 0);
    const fault = faults[index];
    if (fault !== undefined) {
      fault.times -= 1;
      await misbehave(fault.fault, file, type, response);
      return;
    }
    if (published) {
      response.setHeader(
        "cache-control",
        path.includes("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
      );
    }
    if (published && COMPRESSIBLE.includes(extname(file))) {
      const bytes = compressed.get(file) ?? gzipSync(await readFile(file), { level: 9 });
      compressed.set(file, bytes);
      const headers = { "content-encoding": "gzip", "content-length": bytes.length };
      response.writeHead(200, { "content-type": type, ...headers }).end(bytes);
      return;
    }
    response.writeHead(200, { "content-type": type, "content-length": found.size });
    createReadStream(file).pipe(response);
  }

  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://host");
    asked.push(pathname);
    for (const [name, value] of Object.entries({ ...headers, ...(isolated ? ISOLATION : {}) })) {
      response.setHeader(name, value);
    }
    void answer(decodeURIComponent(pathname), response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    asked,
    fail(path, fault, times = Number.POSITIVE_INFINITY) {
      faults.push({ path, fault, times });
    },
    hold(path) {
      let release = () => {};
      held.set(path, new Promise((resolve) => (release = resolve)));
      return () => release();
    },
    reset() {
      faults = [];
      asked.length = 0;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function misbehave(fault: Fault, file: string, type: string, response: ServerResponse): Promise<void> {
  const bytes = await readFile(file);
  switch (fault) {
    case "missing":
      response.writeHead(404, { "content-type": "text/plain" }).end("not found");
      break;
    case "page":
      response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>app</title>");
      break;
    case "truncated":
      response.writeHead(200, { "content-type": type }).end(bytes.subarray(0, bytes.length / 2));
      break;
    case "broken":
      response.writeHead(200, { "content-type": type, "content-length": bytes.length });
      response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
      break;
    case "other-bytes":
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      response.writeHead(200, { "content-type": type }).end(bytes);
      break;
  }
}
