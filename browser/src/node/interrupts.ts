/** Handles Ctrl-C and termination while something is written. */

/// <reference types="node" />

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Exit code after an interrupt. */
export const INTERRUPTED = 130;

/** From its creation on, the first interrupt only ends the work; a second one ends the program, as does one after `end`. */
export class Interrupts {
  readonly #control = new AbortController();
  readonly #hear = () => {
    this.end();
    this.#control.abort();
  };

  constructor() {
    for (const signal of SIGNALS) {
      process.on(signal, this.#hear);
    }
  }

  /** Aborted by an interrupt. */
  get signal(): AbortSignal {
    return this.#control.signal;
  }

  end(): void {
    for (const signal of SIGNALS) {
      process.off(signal, this.#hear);
    }
  }
}
