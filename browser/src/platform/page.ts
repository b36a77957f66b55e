/** A page, or a worker of a page. */

import { PocketTTSError } from "../errors.js";
import type { Platform, Script, WorkerEvents, WorkerLink } from "./platform.js";

export const page: Platform = {
  check() {
    if (!globalThis.isSecureContext) {
      throw new PocketTTSError(
        "Unsupported",
        "the page must be served over https, or from localhost: browsers offer SHA-256 and audio worklets only there",
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

  startWorker<To, From>(script: Script, name: string, { hear, failed }: WorkerEvents<From>): WorkerLink<To> {
    const worker = start(script, name);
    worker.onmessage = ({ data }: MessageEvent<From>) => hear(data);
    worker.onerror = ({ message }) => failed(message);
    return {
      post: (message, transfer) => worker.postMessage(message, transfer),
      end: () => worker.terminate(),
      hold: () => {},
    };
  },
};

/** Bundlers look for these words. */
function start(script: Script, name: string): Worker {
  switch (script) {
    case "speech":
      return new Worker(new URL("../worker/worker.js", import.meta.url), { type: "module", name });
    case "encoder":
      return new Worker(new URL("../worker/encoder.js", import.meta.url), { type: "module", name });
  }
}
