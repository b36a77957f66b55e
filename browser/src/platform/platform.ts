/** What the package needs of the runtime that it is in, apart from reading files (`loading/fetch.ts`). */

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
  /** The absolute address of a bundle, as it was given. */
  absolute(address: string): string;
  /** How many threads to use, of `most` that would be of use. */
  threads(most: number): number;
  startWorker<To, From>(script: Script, name: string, events: WorkerEvents<From>): WorkerLink<To>;
}

let current: Platform = page;

/** A page, or what was named in its place. */
export function platform(): Platform {
  return current;
}

/** Names the runtime where it is not a page. */
export function setPlatform(other: Platform): void {
  current = other;
}
