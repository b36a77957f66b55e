/** Runs one piece of work at a time, in the order of requests. */

export class Queue {
  #last: Promise<void> = Promise.resolve();

  /** Waits for its turn; the returned function ends the turn. */
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
      // Later requests still have to wait for earlier ones.
      void before.then(leave);
      throw error;
    }
    return leave;
  }
}

/** The result of `promise`, unless the signal comes first: then the signal's reason is thrown. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) {
    return promise;
  }
  // After an abort the promise is not awaited any more: its error must not be reported as unhandled.
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
