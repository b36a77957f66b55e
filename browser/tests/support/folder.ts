/** Serves a folder as any static host would, for pages that need nothing else. */

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const TYPES: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
  ".png": "image/png",
};

export interface Host extends AsyncDisposable {
  /** With a slash at the end. */
  url: string;
  /** Paths that were asked for. */
  asked: string[];
}

/** `extra` are files by path that the folder does not have; `headers` go with every answer. */
export async function serveFolder(
  root: string,
  extra: Record<string, string | Buffer> = {},
  headers: Record<string, string> = {},
): Promise<Host> {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://host");
    asked.push(pathname);
    const path = pathname.endsWith("/") ? `${pathname}index.html` : pathname;
    try {
      const body = extra[path] ?? (await readFile(join(root, normalize(path))));
      const type = TYPES[extname(path)] ?? "application/octet-stream";
      response.writeHead(200, { "content-type": type, ...headers }).end(body);
    } catch {
      response.writeHead(404, { "content-type": "text/plain", ...headers }).end("not found");
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
