/**
 * The service worker: keeps the page for visits without a network, and adds the headers for isolation if
 * the host does not send them.
 */

import { byId } from "./dom.js";

const fact = byId("offline", HTMLElement);

/** Set before the one reload that isolates the page, so that there is never a second one. */
const RELOADED = "reloaded-for-isolation";

/** Starts the service worker. The page is not reloaded while `isBusy`. */
export async function startOffline(isBusy: () => boolean): Promise<void> {
  if (!("serviceWorker" in navigator) || import.meta.env.DEV) {
    fact.textContent = "no";
    return;
  }
  try {
    await navigator.serviceWorker.register(new URL("sw.js", document.baseURI));
    await navigator.serviceWorker.ready;
    fact.textContent = "ready";
  } catch (error) {
    console.warn("no service worker", error);
    fact.textContent = "no";
    return;
  }
  if (crossOriginIsolated || !isSecureContext) return;
  if (navigator.serviceWorker.controller === null) {
    await new Promise((resolve) => {
      navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true });
    });
  }
  // The next visit is isolated anyway.
  if (isBusy()) return;
  // Some browsers do not isolate the page even so.
  if (sessionStorage.getItem(RELOADED) !== null) return;
  sessionStorage.setItem(RELOADED, "");
  location.reload();
}
