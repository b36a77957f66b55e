/** The interface of the runtime that the package is in, apart from reading files (`loading/fetch.ts`). */

import { page } from "./page.js";

/** The package's workers: one that speaks, and one that encodes files of sound. */
export type Script = "speech" | "encoder";

/** A worker of the package, to which messages of type `To` go. */
export interface WorkerLink<To> {
  post(message: To, transfer: Transferable[]): void;
  /** Ends it at once. */
  end(): void;
  /** Whether the program has to wait for it: programs end when nothing is left to do, pages do not. */
  hold(isHeld: boolean): void;
}

/** Who hears of a worker: of its messages, and why it has failed where that is known. */
export interface WorkerEvents<From> {
  hear(message: From): void;
  failed(why: string | undefined): void;
}

export interface Platform {
  /** Throws if the package cannot work here. */
  check(): void;
  /** The absolute form of a bundle's address. */
  absolute(address: string): string;
  /** The default number of threads, if `most` of them would help. */
  threads(most: number): number;
  startWorker<To, From>(script: Script, name: string, events: WorkerEvents<From>): WorkerLink<To>;
}

let current: Platform = page;

/** The present runtime: a page, unless `setPlatform` has named another one. */
export function platform(): Platform {
  return current;
}

/** Names the runtime, if it is not a page. */
export function setPlatform(other: Platform): void {
  current = other;
}
