/**
 * The service worker.
 *
 * - The page's own files are kept at installation and served from there: a version of the page
 *   is whole, or not there. The next version takes over when no tab shows this one.
 * - What else lies beside them, such as ONNX Runtime, is kept once it has been asked for.
 * - The list of models comes from the network, and from the cache without one. Models are none
 *   of its business: the library keeps them by their digests.
 * - Every answer gets the headers that cross-origin isolation needs.
 */

declare const self: ServiceWorkerGlobalScope;

/** The page's files, and a digest of them: the build fills these in. */
declare const PAGE_FILES: string[];
declare const PAGE_VERSION: string;

const SCOPE = new URL(self.registration.scope);
const PAGE = `pocket-onnx-page-${PAGE_VERSION}`;
const MODELS = "pocket-onnx-models";
/** The list of models. */
const LIST = "models/index.json";

const ISOLATION = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
};

self.addEventListener("install", (event) => {
  const urls = ["./", ...PAGE_FILES].map((it) => new Request(new URL(it, SCOPE), { cache: "no-cache" }));
  event.waitUntil(
    (async () => {
      await (await caches.open(PAGE)).addAll(urls);
      // The first visit has asked for the list already, past this worker. A page without it is whole, too.
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
  // The model that the page brings is kept by the library, too.
  if (path.startsWith("starling/")) return;
  if (path.startsWith("models/")) {
    if (path === LIST) event.respondWith(fresh(request));
    return;
  }
  event.respondWith(kept(request));
});

/** From the cache of the page, or else from the network, to be kept. */
async function kept(request: Request): Promise<Response> {
  const cache = await caches.open(PAGE);
  const found = await cache.match(request, { ignoreSearch: true });
  if (found !== undefined) return isolated(found);
  const answer = await fetch(request);
  // A full disk is no reason to fail.
  if (answer.status === 200) await cache.put(request, answer.clone()).catch(() => {});
  return isolated(answer);
}

/** From the network, or else as it was there last. */
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
  // Of these neither headers nor body can be seen.
  if (answer.type === "opaque" || answer.type === "opaqueredirect" || answer.type === "error") return answer;
  const headers = new Headers(answer.headers);
  for (const [name, value] of Object.entries(ISOLATION)) headers.set(name, value);
  const { status, statusText } = answer;
  const body = status === 204 || status === 304 ? null : answer.body;
  return new Response(body, { status, statusText, headers });
}
