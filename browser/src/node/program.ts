/** The platform of Node, Deno and Bun: files and worker threads, and no page. */

/// <reference types="node" />

import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Transferable as Moved, Worker } from "node:worker_threads";
import type { Platform, Script, WorkerEvents, WorkerLink } from "../platform/platform.js";

const SCRIPTS: Record<Script, URL> = {
  speech: new URL("./worker.js", import.meta.url),
  encoder: new URL("./encoder.js", import.meta.url),
};

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

  startWorker<To, From>(script: Script, name: string, { hear, failed }: WorkerEvents<From>): WorkerLink<To> {
    const worker = new Worker(SCRIPTS[script], { name });
    // It is held while there is work.
    worker.unref();
    let isOver = false;
    worker.on("message", (message: From) => hear(message));
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
