/** How much the other side still has room for. */

export class Credit {
  #left: number;
  #waiting: (() => void) | undefined;

  constructor(left: number) {
    this.#left = left;
  }

  /** Takes room for one message; waits until there is some. Only one caller may wait at a time. */
  async take(): Promise<void> {
    while (this.#left === 0) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
    this.#left -= 1;
  }

  /** Gives room for `count` messages. */
  give(count: number): void {
    this.#left += count;
    this.#waiting?.();
    this.#waiting = undefined;
  }
}

/** Programs' own way to do this. In Node, a port that is sent a message while it takes one takes that, too. */
const { setImmediate } = globalThis as { setImmediate?: (work: () => void) => void };
const { port1, port2 } = new MessageChannel();
const yielding: (() => void)[] = [];
port1.onmessage = () => yielding.shift()?.();

/** Returns to the event loop, so that messages are handled between calls of wasm. */
export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    if (setImmediate !== undefined) {
      setImmediate(resolve);
      return;
    }
    yielding.push(resolve);
    port2.postMessage(undefined);
  });
}
