/** A loaded voice. */

import { guard } from "./checks/guard.js";

export class Voice {
  /** Its name in the bundle; undefined for a file or a recording. */
  readonly name: string | undefined;
  /** Number of positions before the text. */
  readonly positions: number;
  /** The worker's number for it. */
  readonly number: number;
  readonly #drop: () => void;

  static {
    guard(this, "Voice", "`await tts.loadVoice(name)`", (value) => #drop in value);
  }

  /** Only `PocketTTS` makes voices. */
  constructor(name: string | undefined, positions: number, number: number, drop: () => void) {
    this.name = name;
    this.positions = positions;
    this.number = number;
    this.#drop = drop;
  }

  /** Frees its memory. A text that is being spoken with it continues. */
  dispose(): void {
    this.#drop();
  }
}
