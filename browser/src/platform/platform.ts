/** The interface of the runtime that the package is in, apart from reading files (`loading/fetch.ts`). */

import type { Request, Response } from "../worker/messages.js";
import { page } from "./page.js";

/** A worker of the package. */
export interface WorkerLink {
  post(message: Request, transfer: Transferable[]): void;
  /** Terminates it. */
  end(): void;
  /** Whether the program has to wait for it: programs end when nothing is left to do, pages do not. */
  hold(isHeld: boolean): void;
}

/** Callbacks for a worker's responses, and for its failure, with the reason if it is known. */
export interface WorkerEvents {
  hear(response: Response): void;
  failed(why: string | undefined): void;
}

export interface Platform {
  /** Throws if the package cannot work here. */
  check(): void;
  /** The absolute form of a bundle's address. */
  absolute(address: string): string;
  /** The default number of threads, if `most` of them would help. */
  threads(most: number): number;
  startWorker(name: string, events: WorkerEvents): WorkerLink;
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
