/** Lets one piece of work in at a time, in the order of asking. */

export class Queue {
  #last: Promise<void> = Promise.resolve();

  /** Waits for its turn; the function that it gives ends the turn. */
  async enter(signal: AbortSignal | undefined): Promise<() => void> {
    signal?.throwIfAborted();
    const before = this.#last;
    let leave: () => void = () => {};
    this.#last = new Promise((resolve) => {
      leave = resolve;
    });
    try {
      await unlessAborted(before, signal);
    } catch (error) {
      // Whoever waits behind still has to wait for those before.
      void before.then(leave);
      throw error;
    }
    return leave;
  }
}

/** What `promise` gives, unless the signal comes first: then the signal's reason is thrown. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) {
    return promise;
  }
  // Nobody may wait for it any more: then its error is no unhandled rejection.
  promise.catch(() => {});
  signal.throwIfAborted();
  let abort: () => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
