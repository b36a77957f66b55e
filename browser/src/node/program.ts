/** The platform of Node, Deno and Bun: files and worker threads, and no page. */

/// <reference types="node" />

import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Transferable as Moved, Worker } from "node:worker_threads";
import type { Platform, WorkerEvents, WorkerLink } from "../platform/platform.js";
import type { Response } from "../worker/messages.js";

/** The scheme of an address. A single letter is a drive of Windows. */
const SCHEME = /^[a-z][a-z0-9+.-]+:/i;

export const program: Platform = {
  check() {},

  absolute(address) {
    return SCHEME.test(address) ? new URL(address).href : pathToFileURL(resolve(address)).href;
  },

  threads(most) {
    return Math.max(1, Math.min(most, availableParallelism()));
  },

  startWorker(name: string, { hear, failed }: WorkerEvents): WorkerLink {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { name });
    // It is held while there is work.
    worker.unref();
    let isOver = false;
    worker.on("message", (response: Response) => hear(response));
    worker.on("error", (error) => {
      isOver = true;
      failed(error.message);
    });
    worker.on("exit", (code) => {
      if (!isOver) failed(`it has ended with ${code}`);
    });
    return {
      post: (message, transfer) => worker.postMessage(message, transfer as readonly Moved[]),
      end: () => {
        isOver = true;
        void worker.terminate();
      },
      hold: (isHeld) => (isHeld ? worker.ref() : worker.unref()),
    };
  },
};
