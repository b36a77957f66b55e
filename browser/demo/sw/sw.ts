/**
 * The service worker.
 *
 * - It stores the page's own files at installation and serves them from there: a version of the page is stored
 *   completely or not at all. The next version takes over when no tab shows this one.
 * - Other files of the page, such as ONNX Runtime, or the build of the wasm module that this browser does not
 *   need, are stored at their first use.
 * - The list of models comes from the network, or without one from the cache. It does not handle models: the
 *   library stores them by their digests.
 * - Every response gets the headers that cross-origin isolation needs.
 */

declare const self: ServiceWorkerGlobalScope;

/**
 * The page's files, those of them that belong to one build of the wasm module, and a digest of all: the build
 * fills these in.
 */
declare const PAGE_FILES: string[];
declare const BUILD_FILES: { relaxed: string[]; simd: string[] };
declare const PAGE_VERSION: string;

const SCOPE = new URL(self.registration.scope);
const PAGE = `pocket-onnx-page-${PAGE_VERSION}`;
const MODELS = "pocket-onnx-models";
/** The list of models. */
const LIST = "models/index.json";

/**
 * A module that only browsers with relaxed SIMD can load. The library has the same one, but a service worker
 * is a single file.
 */
const RELAXED_SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15,
  253, 128, 2, 11,
]);

const ISOLATION = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
};

self.addEventListener("install", (event) => {
  const other = BUILD_FILES[WebAssembly.validate(RELAXED_SIMD) ? "simd" : "relaxed"];
  const needed = PAGE_FILES.filter((name) => !other.includes(name));
  // Names in `assets/` contain a digest, so what the page has just fetched can be taken from the HTTP cache.
  const cache = (name: string) => (name.startsWith("assets/") ? "default" : "no-cache");
  const urls = ["./", ...needed].map((it) => new Request(new URL(it, SCOPE), { cache: cache(it) }));
  event.waitUntil(
    (async () => {
      await (await caches.open(PAGE)).addAll(urls);
      // The first visit fetched the list before this worker was in control, so it is fetched again for offline
      // visits; failing that does not matter.
      const list = new Request(new URL(LIST, SCOPE), { cache: "no-cache" });
      await (await caches.open(MODELS)).add(list).catch(() => {});
    })(),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) {
        if (name.startsWith("pocket-onnx-page-") && name !== PAGE) await caches.delete(name);
      }
      // The first visit's tab is served from now on, too.
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== SCOPE.origin) return;
  if (!url.pathname.startsWith(SCOPE.pathname) || request.headers.has("range")) return;
  const path = url.pathname.slice(SCOPE.pathname.length);
  // The library stores the included model, too.
  if (path.startsWith("starling/")) return;
  if (path.startsWith("models/")) {
    if (path === LIST) event.respondWith(fresh(request));
    return;
  }
  event.respondWith(kept(request));
});

/** From the page's cache, or else from the network, and then stored. */
async function kept(request: Request): Promise<Response> {
  const cache = await caches.open(PAGE);
  const found = await cache.match(request, { ignoreSearch: true });
  if (found !== undefined) return isolated(found);
  const answer = await fetch(request);
  // A full disk is no reason to fail.
  if (answer.status === 200) await cache.put(request, answer.clone()).catch(() => {});
  return isolated(answer);
}

/** From the network, or else as it was last fetched. */
async function fresh(request: Request): Promise<Response> {
  const cache = await caches.open(MODELS);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(request, answer.clone()).catch(() => {});
    return isolated(answer);
  } catch (error) {
    const found = await cache.match(request);
    if (found === undefined) throw error;
    return isolated(found);
  }
}

function isolated(answer: Response): Response {
  // Neither headers nor body of these can be read.
  if (answer.type === "opaque" || answer.type === "opaqueredirect" || answer.type === "error") return answer;
  const headers = new Headers(answer.headers);
  for (const [name, value] of Object.entries(ISOLATION)) headers.set(name, value);
  const { status, statusText } = answer;
  const body = status === 204 || status === 304 ? null : answer.body;
  return new Response(body, { status, statusText, headers });
}
