/** Notices that sound waits for an AudioContext that does not run. */

import { call } from "../listener.js";

/** Something that a player's user may want to know, and that stops nothing. */
export interface PlayerNotice {
  /** `suspended`: sound waits, because the AudioContext does not run. */
  kind: "suspended";
  message: string;
}

/** Milliseconds that a context has for starting: some devices take a second. */
const PATIENCE = 3000;

/** Watches one context while sound waits for it. */
export class Suspension {
  readonly #context: AudioContext;
  readonly #listeners: ((notice: PlayerNotice) => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether this sound's notice was given. */
  #isTold = false;

  constructor(context: AudioContext) {
    this.#context = context;
  }

  /** Tells `listener` until the returned function is called. */
  hear(listener: (notice: PlayerNotice) => void): () => void {
    this.#listeners.push(listener);
    return () => {
      const at = this.#listeners.lastIndexOf(listener);
      if (at >= 0) this.#listeners.splice(at, 1);
    };
  }

  /** Sound waits from now on, if the context does not run. */
  begin(): void {
    if (this.#timer !== undefined || this.#isTold || !this.#isSilent) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (!this.#isSilent) return;
      this.#isTold = true;
      const notice: PlayerNotice = { kind: "suspended", message: suspensionMessage(this.#context) };
      for (const listener of [...this.#listeners]) call(() => listener(notice));
    }, PATIENCE);
  }

  /** No sound waits any more: the next one that does is another case. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isTold = false;
  }

  get #isSilent(): boolean {
    const { state } = this.#context;
    return state !== "running" && state !== "closed";
  }
}

/** Why nothing is heard, and what helps. */
function suspensionMessage({ state }: AudioContext): string {
  const what = `nothing is heard yet, since the AudioContext is ${state}`;
  return navigator.userActivation?.hasBeenActive === false
    ? `${what}: browsers allow sound only after a click or a key press. Speak in the handler of one; what waits is ` +
        "played after the next"
    : `${what}, although the page may play sound: it seems to have no sound device, or another program uses that. ` +
        "What waits is played as soon as it runs; `stream` and `generate` need no device";
}
