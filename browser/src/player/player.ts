/** Plays samples as they are made. */

import { checked, checkedOptions } from "../checks/check.js";
import { samplesOf, type SampleValues } from "../checks/data.js";
import { guard } from "../checks/guard.js";
import { playerOptions, sampleRate as rate, speed as aSpeed } from "../checks/rules.js";
import type { Word } from "../../wasm/simd/pocket_onnx.js";
import { PocketTTSError, reason } from "../errors.js";
import { call } from "../listener.js";
import { listenerOf, markOf } from "./arguments.js";
import type { FromRing, ToRing } from "./protocol.js";
import { Resampler } from "./resampler.js";
import { CAPACITY, Ring } from "./ring.js";
import { GenerationSpeed } from "./generation-speed.js";
import { type PlayerNotice, Suspension } from "./suspension.js";
import { type Mark, Timeline } from "./timeline.js";

export interface PlayerOptions {
  /** The context to play in; default: one of the player's own. */
  context?: AudioContext | undefined;
  /** Playback speed, from 0.5 to 2, at the same pitch; default: 1. */
  speed?: number | undefined;
}

/**
 * - `idle`: nothing was written, or everything has been played;
 * - `buffering`: waiting for enough sound to start;
 * - `playing`, `paused`.
 */
export type PlayerState = "idle" | "buffering" | "playing" | "paused";

/** Has `listener` hear a player's notices, beside `onnotice`, until the returned function is called. */
export let hearPlayer: (player: Player, listener: (notice: PlayerNotice) => void) => () => void;

/** Events after which a browser may allow a suspended context to run. */
const WAKING = ["visibilitychange", "click", "keydown"] as const;

/**
 * Plays samples from a ring buffer in the audio thread.
 *
 * Playing starts once enough sound is buffered for the speed at which it is made. If the buffer still runs
 * empty, the sound is faded out, `underruns` is increased, and playing continues when enough is buffered
 * again.
 *
 *     const player = new Player();
 *     for await (const { audio, sampleRate, text } of tts.stream("Hello."))
 *       await player.write(audio, sampleRate, { text });
 *     await player.end();
 */
export class Player {
  /** The context to play in. */
  readonly context: AudioContext;
  /** The sound on its way to the loudspeaker: connect analysers here. */
  readonly output: AudioNode;

  readonly #ownsContext: boolean;
  readonly #ring: Ring;
  /** How fast sound is made. */
  readonly #generation = new GenerationSpeed();
  /** Playback speed. */
  #speed = 1;
  readonly #watch = () => this.#wake();
  readonly #follow = () => this.#followContext();
  readonly #suspension: Suspension;
  #closed = false;
  #closing: Promise<void> = Promise.resolve();
  #resampler: Resampler | undefined;
  #rate = 0;
  readonly #timeline = new Timeline();
  /** Samples that were written before this utterance began: positions count from there. */
  #origin = 0;
  /** Writes that are not in the ring buffer yet. */
  #pending = 0;
  #state: PlayerState = "idle";
  #underruns = 0;
  /** Writes and ends happen one after the other. */
  #queue: Promise<void> = Promise.resolve();
  /** Resolve the promises of `end()`. */
  #over: (() => void)[] = [];
  #onposition: ((seconds: number, mark: Mark | undefined) => void) | undefined;
  #onword: ((word: Word) => void) | undefined;
  #onstate: ((state: PlayerState) => void) | undefined;
  #onended: (() => void) | undefined;
  #onnotice: ((notice: PlayerNotice) => void) | undefined;

  static {
    hearPlayer = (player, listener) => player.#suspension.hear(listener);
    guard(this, "Player", "`new Player()`", (value) => #generation in value);
  }

  constructor(options: PlayerOptions = {}) {
    const { context, speed = 1 } = checkedOptions(options, playerOptions);
    this.#ownsContext = context === undefined;
    this.context = context ?? newContext();
    this.#suspension = new Suspension(this.context);
    this.#suspension.hear((notice) => this.#onnotice?.(notice));
    const output = this.context.createGain();
    output.connect(this.context.destination);
    this.output = output;
    this.#ring = new Ring(this.context, output, (message) => this.#onMessage(message));
    this.speed = speed;
    for (const event of WAKING) document.addEventListener(event, this.#watch, true);
    this.context.addEventListener("statechange", this.#follow);
  }

  /**
   * Called about 30 times per second while sound is played, with the seconds heard so far (of what was
   * written, whatever the speed) and the current mark.
   */
  get onposition(): ((seconds: number, mark: Mark | undefined) => void) | undefined {
    return this.#onposition;
  }

  set onposition(listener: ((seconds: number, mark: Mark | undefined) => void) | undefined) {
    this.#onposition = listenerOf("onposition", listener);
  }

  /** Called when a word from a mark's `words` begins to be heard. */
  get onword(): ((word: Word) => void) | undefined {
    return this.#onword;
  }

  set onword(listener: ((word: Word) => void) | undefined) {
    this.#onword = listenerOf("onword", listener);
  }

  /** Called when `state` changes. */
  get onstate(): ((state: PlayerState) => void) | undefined {
    return this.#onstate;
  }

  set onstate(listener: ((state: PlayerState) => void) | undefined) {
    this.#onstate = listenerOf("onstate", listener);
  }

  /** Called when everything written before `end()` has been heard. */
  get onended(): (() => void) | undefined {
    return this.#onended;
  }

  set onended(listener: (() => void) | undefined) {
    this.#onended = listenerOf("onended", listener);
  }

  /**
   * Called when sound has waited for three seconds because the context does not run: until the next click or key
   * press, or because there is no sound device. Writes and `end()` wait on.
   */
  get onnotice(): ((notice: PlayerNotice) => void) | undefined {
    return this.#onnotice;
  }

  set onnotice(listener: ((notice: PlayerNotice) => void) | undefined) {
    this.#onnotice = listenerOf("onnotice", listener);
  }

  /** Number of times that the buffer ran empty. */
  get underruns(): number {
    return this.#underruns;
  }

  get state(): PlayerState {
    return this.#state;
  }

  /**
   * Playback speed, from 0.5 to 2, at the same pitch. A change takes effect at once, also for sound that
   * was already written.
   */
  get speed(): number {
    return this.#speed;
  }

  set speed(speed: number) {
    this.#speed = checked("Options", "the speed", speed, aSpeed);
    this.#ring.command({ kind: "speed", speed });
    // The buffered sound now lasts for a shorter or longer time.
    if (this.#state !== "idle") this.#ring.command(this.#target());
  }

  /** Seconds of sound made per second, as measured by writes. */
  get generationSpeed(): number | undefined {
    return this.#generation.value;
  }

  /** Seconds of written sound that are not heard yet. */
  get buffered(): number {
    return (this.#ring.written - this.#ring.played) / this.context.sampleRate;
  }

  /**
   * Adds samples (one channel, from -1 to 1); `mark` describes what is heard from here on. Resolves when
   * they are in the ring buffer: await it, so that generation does not run ahead of listening. After
   * `stop()`, waiting writes resolve at once and their samples are dropped. After `close()`, writing is an
   * error.
   */
  write(samples: SampleValues, sampleRate: number, mark?: Mark): Promise<void> {
    let values: Float32Array;
    let copy: Mark | undefined;
    try {
      values = samplesOf("samples", samples);
      checked("Audio", "sampleRate", sampleRate, rate);
      copy = markOf(mark);
      this.#checkOpen();
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#write(values, sampleRate, copy);
  }

  #write(samples: Float32Array, sampleRate: number, mark: Mark | undefined): Promise<void> {
    this.#generation.wrote(samples.length / sampleRate, performance.now());
    const { epoch } = this.#ring;
    if (this.#state === "idle") {
      this.#origin = this.#ring.written;
      this.#become("buffering");
    }
    this.#pending += 1;
    return this.#enqueue(async () => {
      this.#pending -= 1;
      if (epoch !== this.#ring.epoch) return;
      if (mark !== undefined) this.#timeline.add(mark, this.#ring.written, this.context.sampleRate);
      await this.#send(this.#resample(samples, sampleRate), epoch);
    });
  }

  /**
   * Nothing follows: the buffered sound is played, then `onended` is called. Resolves after that, or at
   * `stop()`, or when the player or its context is closed.
   */
  end(): Promise<void> {
    // A closed player plays nothing that could be awaited.
    if (this.#isClosed) return Promise.resolve();
    const { epoch } = this.#ring;
    const over = new Promise<void>((resolve) => this.#over.push(resolve));
    void this.#enqueue(async () => {
      if (epoch !== this.#ring.epoch) return;
      await this.#send(this.#resampler?.finish() ?? new Float32Array(), epoch);
      this.#resampler = undefined;
      this.#generation.pause();
      if (epoch === this.#ring.epoch) this.#ring.command({ kind: "end" });
    }).catch(() => settle(this.#over.splice(0)));
    return over;
  }

  /** Pauses; buffered sound is kept. */
  pause(): void {
    if (this.#state === "idle" || this.#state === "paused") return;
    this.#become("paused");
    this.#ring.command({ kind: "pause" });
  }

  /** Continues after `pause()`. */
  resume(): void {
    if (this.#state !== "paused") return;
    this.#become("buffering");
    this.#ring.command({ kind: "resume" });
    this.#wake();
  }

  /** Silences the player at once; buffered sound is dropped. The next write starts afresh. */
  stop(): void {
    const over = this.#over.splice(0);
    this.#ring.reset();
    this.#resampler = undefined;
    this.#timeline.clear();
    this.#origin = 0;
    this.#generation.pause();
    // A listener may write and call `end()` again: its promise is not one of those to settle.
    this.#become("idle");
    settle(over);
  }

  /** Stops for good, and closes the context if it is the player's own. */
  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#closing = this.#close();
    }
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.stop();
    for (const event of WAKING) document.removeEventListener(event, this.#watch, true);
    this.context.removeEventListener("statechange", this.#follow);
    this.output.disconnect();
    if (this.#ownsContext && this.context.state !== "closed") await this.context.close();
  }

  get #isClosed(): boolean {
    return this.#closed || this.context.state === "closed";
  }

  #checkOpen(): void {
    if (!this.#isClosed) return;
    const why = this.#closed ? "it was closed" : "its AudioContext is closed";
    throw new PocketTTSError("Unsupported", `the player cannot play: ${why}; make a new Player`);
  }

  /** The context's owner may close it: buffered sound is then never heard. */
  #followContext(): void {
    if (this.context.state === "closed") this.stop();
  }

  #onMessage(message: FromRing): void {
    switch (message.kind) {
      case "position":
        if (!message.sounding) return;
        if (this.#state === "buffering") this.#become("playing");
        this.#reportPosition();
        break;
      case "underrun":
        this.#underruns += 1;
        if (this.#state === "playing") this.#become("buffering");
        break;
      case "drained":
        // Samples may be on their way to the audio thread.
        if (this.#pending > 0 || this.#ring.played < this.#ring.written) return;
        this.#drained(this.#over.splice(0));
        break;
    }
  }

  /** Everything has been played. Listeners may start again, so `over` are the waiters of this end only. */
  #drained(over: (() => void)[]): void {
    this.#timeline.clearMarks();
    this.#reportWords(Infinity);
    this.#become("idle");
    call(() => this.#onended?.());
    settle(over);
  }

  /** Reports the position of the sound that leaves the loudspeaker now. */
  #reportPosition(): void {
    const { sampleRate } = this.context;
    const heard = Math.max(0, this.#ring.played - latency(this.context) * sampleRate * this.#speed);
    const mark = this.#timeline.mark(heard);
    call(() => this.#onposition?.(Math.max(0, heard - this.#origin) / sampleRate, mark));
    this.#reportWords(heard);
  }

  /** Reports the words that have begun. */
  #reportWords(heard: number): void {
    for (let word = this.#timeline.word(heard); word !== undefined; word = this.#timeline.word(heard)) {
      const begun = word;
      call(() => this.#onword?.(begun));
    }
  }

  #resample(samples: Float32Array, sampleRate: number): Float32Array {
    if (this.#resampler === undefined || this.#rate !== sampleRate) {
      this.#resampler = new Resampler(sampleRate, this.context.sampleRate);
      this.#rate = sampleRate;
    }
    return this.#resampler.push(samples);
  }

  async #send(samples: Float32Array, epoch: number): Promise<void> {
    await this.#ring.ready;
    this.#wake();
    await this.#ring.write(samples, epoch, () => this.#generation.waited(performance.now()));
    if (epoch === this.#ring.epoch) this.#ring.command(this.#target());
  }

  /** Until the generation speed is known, playing begins only when half the buffer is full. */
  #target(): ToRing {
    const seconds = Math.min(this.#generation.target(this.#speed) ?? Infinity, CAPACITY / 2);
    return { kind: "target", samples: Math.round(seconds * this.context.sampleRate) };
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => {});
    return done;
  }

  /** A browser may suspend a context that was started without a user gesture, or while it was hidden. */
  #wake(): void {
    const { state } = this.context;
    if (this.#state === "idle" || this.#state === "paused") return;
    if (state !== "running" && state !== "closed") void this.context.resume().catch(() => {});
    this.#suspension.begin();
  }

  #become(state: PlayerState): void {
    if (state === this.#state) return;
    this.#state = state;
    if (state === "idle" || state === "paused") this.#suspension.end();
    call(() => this.#onstate?.(state));
  }
}

function settle(over: (() => void)[]): void {
  for (const resolve of over) resolve();
}

function newContext(): AudioContext {
  if (globalThis.AudioContext === undefined) {
    throw new PocketTTSError("Unsupported", "only a page plays sound: elsewhere, use `generate` or `stream`");
  }
  try {
    return new AudioContext();
  } catch (cause) {
    throw new PocketTTSError("Unsupported", `this browser cannot play sound here${reason(cause)}`, { cause });
  }
}

/**
 * Seconds until a sample is heard. Firefox is not asked: there the question waits for the audio thread, and for ever if
 * the sound goes to a PulseAudio null sink.
 */
function latency(context: AudioContext): number {
  const isFirefox = /\bFirefox\//.test(navigator.userAgent);
  return (isFirefox ? context.baseLatency : context.outputLatency) || 0;
}
