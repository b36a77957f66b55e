/** A page, or a worker of a page. */

import { PocketTTSError } from "../errors.js";
import type { Response } from "../worker/messages.js";
import type { Platform, WorkerEvents, WorkerLink } from "./platform.js";

export const page: Platform = {
  check() {
    if (!globalThis.isSecureContext) {
      throw new PocketTTSError(
        "Unsupported",
        "the page has to be served over https, or from localhost: browsers offer SHA-256 and audio worklets only there",
      );
    }
  },

  absolute(address) {
    // Workers have no document.
    return new URL(address, globalThis.document?.baseURI ?? globalThis.location.href).href;
  },

  threads(most) {
    return globalThis.crossOriginIsolated ? Math.max(1, Math.min(most, navigator.hardwareConcurrency)) : 1;
  },

  startWorker(name: string, { hear, failed }: WorkerEvents): WorkerLink {
    // Bundlers look for this expression.
    const worker = new Worker(new URL("../worker/worker.js", import.meta.url), { type: "module", name });
    worker.onmessage = ({ data }: MessageEvent<Response>) => hear(data);
    worker.onerror = ({ message }) => failed(message);
    return {
      post: (message, transfer) => worker.postMessage(message, transfer),
      end: () => worker.terminate(),
      hold: () => {},
    };
  },
};
