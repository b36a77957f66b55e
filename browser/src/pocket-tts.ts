/** A model that speaks: the package's whole surface. */

import { checked, checkedOptions, description, type Rule } from "./checks/check.js";
import { type FileBytes, fileBytes, isFile } from "./checks/data.js";
import { nearest } from "./checks/nearest.js";
import * as rules from "./checks/rules.js";
import { PocketTTSError } from "./errors.js";
import { folder, included, manifestText, type Progress } from "./loading/bundle.js";
import { bestBuild, compile } from "./loading/module.js";
import type { Manifest } from "./manifest.js";
import type { LoadOptions, Notice, PlayOptions, SpeakOptions } from "./options.js";
import { call } from "./listener.js";
import { sweep } from "./loading/storage.js";
import { ProgressByPhase } from "./phases.js";
import { Player } from "./player/index.js";
import { Queue, unlessAborted } from "./queue.js";
import { type Recording, sources, transfer } from "./recording.js";
import { Speech, type SpeechChunk } from "./speech.js";
import type { RuntimeInfo, Statistics } from "./statistics.js";
import { Stopwatch } from "./stopwatch.js";
import { type Reading, reading, type TextSource } from "./text-stream.js";
import { Voice } from "./voice.js";
import type { Backend, VoiceSource } from "./worker/messages.js";
import { type Bundle, type UtteranceStream, Workers } from "./workers.js";

/** Threads beyond which nothing is gained. */
const MOST_THREADS: Record<Backend, number> = { engine: 2, onnxruntime: 4 };

/**
 * A model, loaded into workers.
 *
 *     const tts = await PocketTTS.fromPretrained();
 *     for await (const { audio, sampleRate } of tts.stream("Hello world.")) { … }
 *
 * Requests wait for those before them. Errors are `PocketTTSError`s; what a signal ends throws the
 * signal's reason.
 */
export class PocketTTS {
  readonly #manifest: Manifest;
  readonly #workers: Workers;
  readonly #notice: (notice: Notice) => void;
  readonly #queue = new Queue();
  /** Of what is played: one text is heard at a time. */
  readonly #aloud = new Queue();
  /** Voices of the bundle, by name; the first one's name is that of none. */
  readonly #voices = new Map<string | undefined, Promise<Voice>>();
  #voiceCount = 0;
  /** Voices that live in this model's workers. */
  readonly #own = new WeakSet<Voice>();
  /** What runs the components. */
  readonly backend: Backend;
  /** How it runs. */
  readonly statistics: RuntimeInfo;

  private constructor(
    manifest: Manifest,
    workers: Workers,
    backend: Backend,
    threads: number,
    notice: (notice: Notice) => void,
  ) {
    if (!(workers instanceof Workers)) {
      throw new PocketTTSError("Value", "a PocketTTS is made by `await PocketTTS.fromPretrained(address)`");
    }
    this.#manifest = manifest;
    this.#workers = workers;
    this.#notice = notice;
    this.backend = backend;
    const { count, cacheHit, instructions } = workers;
    this.statistics = { backend, threads, workers: count, cacheHit, instructions };
  }

  /**
   * Loads the bundle in the folder at `url`; without one the small model that the package brings,
   * which is made for demonstration.
   */
  static fromPretrained(options?: LoadOptions): Promise<PocketTTS>;
  static fromPretrained(url: string | URL | undefined, options?: LoadOptions): Promise<PocketTTS>;
  static async fromPretrained(
    first: string | URL | LoadOptions | undefined,
    second?: LoadOptions,
  ): Promise<PocketTTS> {
    const isAlone = rules.isLoadOptions(first);
    if (isAlone && second !== undefined) {
      throw new PocketTTSError("Options", "options were given twice: they come alone, or after the address of a bundle");
    }
    const options = checkedOptions(isAlone ? first : second, rules.loadOptions);
    const address = isAlone || first === undefined ? undefined : folderOf(rules.addressText(first));
    const { backend = "engine", device = "wasm", dtype, signal } = options;
    checkBrowser(device);
    const threads = options.threads ?? defaultThreads(backend);
    const { onNotice, onProgress } = options;
    const notice = (notice: Notice) => call(() => onNotice?.(notice));
    const phases = new ProgressByPhase((event) => call(() => onProgress?.(event)));
    const hear = (progress: Progress) => {
      if (progress.kind === "file") {
        phases.hear(progress);
      } else {
        notice({ kind: progress.notice, message: progress.message });
      }
    };
    signal?.throwIfAborted();
    // All at once: the module, the workers' scripts, and the manifest, which tells what else to fetch.
    const bundle = findBundle(address, signal);
    const compiling = compile(bestBuild(), signal);
    // The workers hear of a failure.
    bundle.catch(() => {});
    compiling.catch(() => {});
    const opening = { bundle, compiling, backend, dtype, threads };
    const workers = await Workers.open(opening, threads > 1 ? 2 : 1, hear, signal);
    // The workers have found it to be a manifest.
    const manifest: Manifest = JSON.parse((await bundle).manifest);
    if (signal?.aborted) {
      workers.end(signal.reason);
      signal.throwIfAborted();
    }
    // Nobody waits for the room that it makes.
    sweep().catch(() => {});
    const used = backend === "engine" ? Math.min(threads, workers.count) : threads;
    return new PocketTTS(manifest, workers, backend, used, notice);
  }

  /** Whether it can tell when words are spoken (the option `words`). */
  get tellsWords(): boolean {
    const { variant, word_heads: heads, components } = this.#manifest;
    const isGiven = components["flow_lm"]?.outputs.some(({ name }) => name === "attention") ?? false;
    return (variant !== null || heads !== undefined) && (this.backend === "engine" || isGiven);
  }

  /** Samples per second. */
  get sampleRate(): number {
    return this.#manifest.sample_rate;
  }

  /** Name of the released model, and its language; none of a model of one's own. */
  get variant(): string | undefined {
    return this.#manifest.variant ?? undefined;
  }

  get language(): string | undefined {
    return this.#manifest.language ?? undefined;
  }

  /** Whether the weights are random numbers: such a model makes noise, not speech. */
  get synthetic(): boolean {
    return (this.#manifest.synthetic ?? null) !== null;
  }

  /** Whether `cloneVoice` works. */
  get canClone(): boolean {
    return this.#manifest.voice_cloning && "mimi_encoder" in this.#manifest.components;
  }

  /**
   * Bytes of memory that the wasm modules of the workers hold: all of the engine's, but not ONNX
   * Runtime's own.
   */
  get memory(): number {
    return this.#workers.memory;
  }

  /** Names of the bundle's voices; the first is the one that speaks unless asked otherwise. */
  listVoices(): string[] {
    return (this.#manifest.voices ?? []).map((voice) => voice.name);
  }

  /** Loads a voice of the bundle by its name, or a voice file of pocket-tts. */
  async loadVoice(voice: string | FileBytes): Promise<Voice> {
    const given = checked("Voice", "a voice", voice, VOICE_SOURCE);
    if (typeof given === "string") {
      return this.#bundled(given);
    }
    const file = await fileBytes("Voice", "the voice file", given);
    return this.#loaded(undefined, { from: "file", file });
  }

  /** Makes a voice from a recording. The encoder is fetched at the first time. */
  async cloneVoice(recording: Recording, options: { signal?: AbortSignal | undefined } = {}): Promise<Voice> {
    const { signal } = checkedOptions(options, rules.cloneOptions);
    for await (const source of sources(recording)) {
      signal?.throwIfAborted();
      const loading = this.#load(undefined, source);
      const voice = await unlessAborted(loading, signal).catch((error: unknown) => {
        // Nobody gets the voice that may still come of it.
        void loading.then((voice) => voice?.dispose(), () => {});
        throw error;
      });
      if (voice !== undefined) {
        return voice;
      }
    }
    throw new PocketTTSError("Audio", "the recording cannot be decoded");
  }

  /** A voice file, which pocket-tts loads too: f32, or f16 at half the size. */
  async exportVoice(voice: string | Voice, dtype: "f32" | "f16" = "f32"): Promise<Blob> {
    const half = checked("Options", "the format of a voice file", dtype, rules.voiceFormat) === "f16";
    const { number } = await this.#voice(checked("Voice", "a voice", voice, rules.voice));
    const task = { type: "export-voice", voice: number, half } as const;
    const file = await this.#workers.first.do<"export-voice">(task);
    return new Blob([file], { type: "application/octet-stream" });
  }

  /** Makes a voice ready, so that the first sound comes sooner. */
  async prepare(voice?: string | Voice): Promise<void> {
    const given = voice === undefined ? undefined : checked("Voice", "a voice", voice, rules.voice);
    const { number } = await this.#voice(given);
    await this.#workers.first.do<"prepare-voice">({ type: "prepare-voice", voice: number });
  }

  /** Speaks all of a text, or of what arrives. */
  async generate(text: TextSource, options: SpeakOptions = {}): Promise<Speech> {
    text = checked("Text", "the text", text, rules.text);
    options = checkedOptions(options, rules.speakOptions);
    const watch = new Stopwatch(this.statistics, this.sampleRate, options.seed);
    const parts: Float32Array[] = [];
    for await (const { audio } of this.#speak(text, options, watch)) {
      parts.push(audio);
    }
    return new Speech(parts, this.sampleRate, watch.statistics());
  }

  /**
   * Speaks a text piece by piece. The work begins with the first piece that is asked for, and
   * pauses while a second or two of speech wait to be taken. A text may arrive meanwhile: from a
   * `TextStream`, from anything that is iterated over asynchronously, such as the tokens of a language
   * model, or from a `ReadableStream`, of strings or of bytes in UTF-8. Each sentence of it is spoken as
   * soon as it is complete; nothing more is read than can be spoken soon.
   */
  stream(text: TextSource, options: SpeakOptions = {}): AsyncGenerator<SpeechChunk, void> {
    text = checked("Text", "the text", text, rules.text);
    options = checkedOptions(options, rules.speakOptions);
    return this.#speak(text, options, new Stopwatch(this.statistics, this.sampleRate, options.seed));
  }

  /** Speaks a text aloud, as it arrives and after those before it; resolves when it has been heard. */
  async speak(text: TextSource, options: PlayOptions = {}): Promise<Statistics> {
    text = checked("Text", "the text", text, rules.text);
    const { player: given, ...rest } = checkedOptions(options, rules.playOptions);
    // Before anything is waited for: browsers allow sound while a click is answered.
    const player = given ?? new Player();
    try {
      const leave = await this.#aloud.enter(this.#orEnded(rest.signal)).catch((error: unknown) => {
        // Nobody reads what arrives.
        if (typeof text !== "string") {
          reading(text).end();
        }
        throw error;
      });
      return await this.#play(text, rest, player).finally(leave);
    } finally {
      if (given === undefined) {
        await player.close();
      }
    }
  }

  /** Ends all work, and lets go of the memory. */
  async dispose(): Promise<void> {
    this.#workers.end(new PocketTTSError("Disposed", "the model was disposed of"));
  }

  async #play(text: TextSource, options: SpeakOptions, player: Player): Promise<Statistics> {
    // Nothing sounds after `dispose`, either.
    const signal = this.#orEnded(options.signal);
    const watch = new Stopwatch(this.statistics, this.sampleRate, options.seed);
    const stop = () => player.stop();
    signal.addEventListener("abort", stop);
    try {
      // Seconds of sound before the piece that is written.
      let before = 0;
      for await (const { audio, sampleRate, text: sentence, from, to, words } of this.#speak(text, options, watch)) {
        await player.write(audio, sampleRate, { text: sentence, from, to, words, before });
        before += audio.length / sampleRate;
      }
      // An abort ends the wait, too.
      await player.end();
      signal.throwIfAborted();
      return watch.statistics();
    } catch (error) {
      player.stop();
      throw error;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  async *#speak(
    text: TextSource,
    { voice, signal, normalize, replacements, flushAfter, ...options }: SpeakOptions,
    watch: Stopwatch,
  ): AsyncGenerator<SpeechChunk, void> {
    watch.start();
    // Before anything is waited for: another utterance may speak it already.
    const source = typeof text === "string" ? undefined : reading(text);
    try {
      const leave = await this.#queue.enter(this.#orEnded(signal));
      try {
        const { number } = await unlessAborted(this.#voice(voice), signal);
        const pairs = typeof replacements === "object" ? Object.entries(replacements) : replacements;
        const request = {
          text: typeof text === "string" ? text : undefined,
          silence: 1000 * (flushAfter ?? USUAL_SILENCE),
          options: { ...options, seed: watch.seed },
          rewriting: { normalize, replacements: pairs },
          voice: number,
        };
        watch.begin();
        const spoken = this.#workers.speak(request);
        if (source !== undefined) {
          void feed(spoken, source);
        }
        try {
          for (;;) {
            const chunk = await unlessAborted(spoken.next(), signal);
            if (chunk === undefined) {
              watch.timings = spoken.timings;
              watch.memory = this.memory;
              return;
            }
            const { samples: audio, text: sentence, from, to, words, cut } = chunk;
            watch.hear(chunk);
            const { sampleRate } = this;
            yield { audio, sampleRate, text: sentence, from, to, words, cut, statistics: watch.statistics() };
          }
        } finally {
          spoken.stop();
          // The next request has to find the workers free; nobody waits for that here.
          void spoken.over.then(leave);
        }
      } catch (error) {
        leave();
        throw error;
      }
    } finally {
      source?.end();
    }
  }

  /** A signal for whoever waits for the requests before: they may never end once the workers have. */
  #orEnded(signal: AbortSignal | undefined): AbortSignal {
    const { ended } = this.#workers;
    return signal === undefined ? ended : AbortSignal.any([signal, ended]);
  }

  async #voice(voice: string | Voice | undefined): Promise<Voice> {
    if (!(voice instanceof Voice)) {
      return this.#bundled(voice);
    }
    if (!this.#own.has(voice)) {
      throw new PocketTTSError("NoVoice", "this voice belongs to another model: load it with the one that speaks");
    }
    return voice;
  }

  async #bundled(name: string | undefined): Promise<Voice> {
    this.#workers.checkAlive();
    checkName(name, this.listVoices());
    const loading =
      this.#voices.get(name) ?? this.#loaded(name, { from: "bundle", name });
    this.#voices.set(name, loading);
    loading.catch(() => this.#voices.delete(name));
    return loading;
  }

  async #loaded(name: string | undefined, source: VoiceSource): Promise<Voice> {
    const voice = await this.#load(name, source);
    if (voice === undefined) {
      throw new PocketTTSError("Audio", "the recording cannot be decoded");
    }
    return voice;
  }

  /** Nothing where the browser has to decode the recording first. */
  async #load(name: string | undefined, source: VoiceSource): Promise<Voice | undefined> {
    const number = ++this.#voiceCount;
    const { first } = this.#workers;
    const task = { type: "load-voice", voice: number, source } as const;
    const loaded = await first.do<"load-voice">(task, transfer(source));
    if (loaded === undefined) {
      return undefined;
    }
    const { positions, notices } = loaded;
    notices.forEach((notice) => this.#notice(notice));
    const voice = new Voice(name, positions, number, () => {
      this.#workers.tellFirst({ type: "drop-voice", voice: number });
      this.#voices.delete(name);
    });
    this.#own.add(voice);
    return voice;
  }
}

/** Seconds of silence after which an unfinished sentence is spoken, unless asked otherwise. */
const USUAL_SILENCE = 1;

/** Hands the text over as it arrives, and as there is room for it. */
async function feed(spoken: UtteranceStream, source: Reading): Promise<void> {
  try {
    for (;;) {
      const piece = await source.next();
      if (piece === undefined) {
        spoken.close();
        return;
      }
      if (piece.kind === "flush") {
        spoken.flush();
      } else if (!(await spoken.push(piece.text))) {
        return;
      }
    }
  } catch (error) {
    spoken.close({ error });
  }
}

/** What `loadVoice` takes. */
const VOICE_SOURCE: Rule<string | FileBytes> = {
  expected: "the name of a voice, or a voice file as a Blob, an ArrayBuffer or a Uint8Array (`await (await fetch(address)).blob()`)",
  fits: (value) => typeof value === "string" || isFile(value),
};

/** Refuses a name that the bundle has no voice of; none stands for its first. */
function checkName(name: string | undefined, names: readonly string[]): void {
  if (name === undefined ? names.length > 0 : names.includes(name)) {
    return;
  }
  const near = nearest(name ?? "", names);
  const meant = near === undefined ? "" : ` (did you mean ${near}?)`;
  const has = names.join(", ") || "none (add some with `pocket-onnx convert --voices`)";
  throw new PocketTTSError("NoVoice", `this bundle has no voice ${name ?? "at all"}${meant}; it has ${has}`);
}

/** Letters of an address that browsers still fetch: they differ, and some say nothing of longer ones. */
const LONGEST_ADDRESS = 1 << 20;

/** The addresses of a bundle, by default the included one, and the text of its manifest. */
async function findBundle(address: string | undefined, signal: AbortSignal | undefined): Promise<Bundle> {
  const addresses = address ?? (await included());
  return { addresses, manifest: await manifestText(addresses, signal) };
}

/** The folder of the bundle at an address, as an absolute address. */
function folderOf(address: string): string {
  let found: string;
  try {
    // Workers have no document.
    found = folder(address, globalThis.document?.baseURI ?? globalThis.location.href);
  } catch (cause) {
    throw new PocketTTSError("Value", `${description(address)} is not the address of a bundle's folder`, { cause });
  }
  const { username, password } = new URL(found);
  if (username !== "" || password !== "") {
    const why = "holds a user name or a password, with which browsers fetch nothing: leave them out";
    throw new PocketTTSError("Value", `the address of a bundle ${why}`);
  }
  if (found.length > LONGEST_ADDRESS) {
    throw new PocketTTSError("Value", `${description(address)} is longer than browsers fetch: ${found.length} letters`);
  }
  return found;
}

function defaultThreads(backend: Backend): number {
  return globalThis.crossOriginIsolated
    ? Math.max(1, Math.min(MOST_THREADS[backend], navigator.hardwareConcurrency))
    : 1;
}

function checkBrowser(device: "wasm" | "webgpu"): void {
  if (device !== "wasm") {
    throw new PocketTTSError("Unsupported", `the device ${device} is not supported: leave it out`);
  }
  if (!globalThis.isSecureContext) {
    throw new PocketTTSError(
      "Unsupported",
      "the page has to be served over https, or from localhost: browsers check files and play sound only there",
    );
  }
}
