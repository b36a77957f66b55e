/** The player that all utterances share. */

import { type Mark, Player, type Word } from "pocket-onnx";

/** Milliseconds without an utterance after which the sound device is released. */
const REST = 5000;

/** Callbacks about what is heard. */
export interface Listener {
  /** Called when the sound begins. */
  onsound(): void;
  onword(word: Word): void;
  onmark(mark: Mark | undefined): void;
}

export class Loudspeaker {
  #player: Player | undefined;
  #resting: ReturnType<typeof setTimeout> | undefined;
  #paused = false;

  get paused(): boolean {
    return this.#paused;
  }

  /** The player for one utterance, which is heard at this speed and volume. */
  begin(rate: number, volume: number, listener: Listener): Player {
    clearTimeout(this.#resting);
    const player = (this.#player ??= new Player());
    player.speed = Math.min(2, Math.max(0.5, rate));
    // The player's output is the node that sets its loudness.
    if (player.output instanceof GainNode) player.output.gain.value = Math.min(1, Math.max(0, volume));
    player.onword = (word) => listener.onword(word);
    player.onposition = (_seconds, mark) => listener.onmark(mark);
    player.onstate = (state) => {
      // Paused before anything was written.
      if (state === "buffering" && this.#paused) player.pause();
      if (state === "playing") listener.onsound();
    };
    return player;
  }

  /** Ends the utterance. */
  end(): void {
    this.#paused = false;
    clearTimeout(this.#resting);
    // A running context uses the processor even for silence; the next write resumes it.
    this.#resting = setTimeout(() => void this.#player?.context.suspend().catch(() => {}), REST);
  }

  pause(): void {
    this.#paused = true;
    this.#player?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#player?.resume();
  }
}
