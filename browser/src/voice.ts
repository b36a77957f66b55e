/** A voice that is loaded. */

export class Voice {
  /** Its name in the bundle; none for a file or a recording. */
  readonly name: string | undefined;
  /** Positions that it takes before the text. */
  readonly positions: number;
  /** The worker's number for it. */
  readonly number: number;
  readonly #drop: () => void;

  /** Voices are made by `PocketTTS`. */
  constructor(name: string | undefined, positions: number, number: number, drop: () => void) {
    this.name = name;
    this.positions = positions;
    this.number = number;
    this.#drop = drop;
  }

  /** Lets go of its memory. A text that is being spoken with it goes on. */
  dispose(): void {
    this.#drop();
  }
}
