/** One utterance: from a text to the loudspeaker, with figures. */

import { type Mark, Player, type PocketTTS, type SpeakOptions, Speech, type Statistics, type Word } from "./tts.js";

/** What an utterance reports while it is made and heard. */
export interface Listener {
  made(samples: Float32Array, sampleRate: number): void;
  heard(seconds: number, mark: Mark | undefined): void;
  word(word: Word): void;
  level(rms: number): void;
  figures(figures: Figures): void;
}

export interface Figures {
  /** Milliseconds from the request to the first sound, with the model already loaded. */
  firstSound: number | undefined;
  /** Seconds of work for a second of sound. */
  factor: number | undefined;
  /** Seconds of sound. */
  seconds: number;
  /** Number of times that the sound had to wait for the model. */
  gaps: number;
  /** Seed of the noise: the same seed gives the same samples. */
  seed: number | undefined;
}

export class Speaker {
  readonly #player: Player;
  readonly #analyser: AnalyserNode;
  readonly #window: Float32Array<ArrayBuffer>;

  /** Must be created in a handler of a click or a key, so that browsers allow sound. */
  constructor() {
    this.#player = new Player();
    this.#analyser = new AnalyserNode(this.#player.context, { fftSize: 1024 });
    this.#window = new Float32Array(this.#analyser.fftSize);
    this.#player.output.connect(this.#analyser);
  }

  /**
   * Speaks to the end, and returns the speech, unless the text gave none. If the signal comes first, rejects
   * with an `AbortError`.
   */
  async speak(tts: PocketTTS, text: string, options: SpeakOptions, listener: Listener): Promise<Speech | undefined> {
    const player = this.#player;
    player.stop();
    const began = performance.now();
    const gaps = player.underruns;
    const figures: Figures = { firstSound: undefined, factor: undefined, seconds: 0, gaps: 0, seed: undefined };
    const stopped = Promise.withResolvers<never>();
    stopped.promise.catch(() => {});
    const stop = () => {
      player.stop();
      stopped.reject(new DOMException("stopped", "AbortError"));
    };
    options.signal?.addEventListener("abort", stop);
    player.onposition = (seconds, mark) => {
      figures.firstSound ??= performance.now() - began;
      figures.gaps = player.underruns - gaps;
      listener.heard(seconds, mark);
      listener.level(this.#level());
      listener.figures(figures);
    };
    player.onword = (word) => listener.word(word);
    try {
      const speech = await Promise.race([this.#stream(tts, text, options, figures, listener), stopped.promise]);
      // A stop ends the wait, too.
      await player.end();
      options.signal?.throwIfAborted();
      return speech;
    } catch (error) {
      player.stop();
      throw error;
    } finally {
      options.signal?.removeEventListener("abort", stop);
      player.onposition = player.onword = undefined;
      listener.level(0);
    }
  }

  /** Playback speed, of the present sound and of later ones. */
  set speed(speed: number) {
    this.#player.speed = speed;
  }

  /** Whether the browser suspends the sound until the user clicks or presses a key. */
  get isSuspended(): boolean {
    return this.#player.context.state === "suspended";
  }

  /** Pauses the sound, or continues it; returns whether it is paused now. */
  togglePause(): boolean {
    if (this.#player.state === "paused") this.#player.resume();
    else this.#player.pause();
    return this.#player.state === "paused";
  }

  async #stream(
    tts: PocketTTS,
    text: string,
    options: SpeakOptions,
    figures: Figures,
    listener: Listener,
  ): Promise<Speech | undefined> {
    const parts: Float32Array[] = [];
    let [rate, last]: [number, Statistics | undefined] = [0, undefined];
    let title: string | undefined;
    for await (const chunk of tts.stream(text, { ...options, words: tts.tellsWords })) {
      const { audio, sampleRate, text: sentences, from, to, words, statistics } = chunk;
      const before = figures.seconds;
      parts.push(audio);
      title ??= sentences === "" ? undefined : sentences;
      [rate, last] = [sampleRate, statistics];
      figures.seconds += audio.length / sampleRate;
      figures.factor = statistics.realTimeFactor;
      figures.seed = statistics.seed;
      listener.made(audio, sampleRate);
      listener.figures(figures);
      await this.#player.write(audio, sampleRate, { text: sentences, from, to, words, before });
    }
    const { voice } = options;
    const name = typeof voice === "string" ? voice : voice?.name;
    return last && new Speech(parts, rate, last, { text: title, voice: name, model: tts.variant });
  }

  #level(): number {
    this.#analyser.getFloatTimeDomainData(this.#window);
    const power = this.#window.reduce((sum, it) => sum + it * it, 0) / this.#window.length;
    return Math.sqrt(power);
  }
}
