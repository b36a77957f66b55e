/** A model that speaks: the package's whole surface. */

import type { Backend } from "./backend.js";
import { checked, checkedOptions, type Rule } from "./checks/check.js";
import { type FileBytes, fileBytes, isFile } from "./checks/data.js";
import { guard } from "./checks/guard.js";
import { suggestion } from "./checks/nearest.js";
import * as rules from "./checks/rules.js";
import { PocketTTSError } from "./errors.js";
import { checkEnvironment, defaultThreads } from "./environment.js";
import { findBundle, folderOf } from "./loading/address.js";
import type { Progress } from "./loading/bundle.js";
import { bestBuild, compile } from "./loading/module.js";
import type { Manifest } from "./manifest.js";
import type { LoadOptions, Notice, PlayOptions, SpeakOptions } from "./options.js";
import { call } from "./listener.js";
import { hold, sweep } from "./loading/storage.js";
import { ProgressByPhase } from "./phases.js";
import { Player } from "./player/index.js";
import { hearPlayer } from "./player/player.js";
import { Queue, unlessAborted } from "./queue.js";
import { type Recording, sources, transfer } from "./recording.js";
import { Speech, type SpeechChunk } from "./speech.js";
import type { RuntimeInfo, Statistics } from "./statistics.js";
import { Stopwatch } from "./stopwatch.js";
import { reading, type TextSource } from "./text-stream.js";
import { Voice } from "./voice.js";
import type { VoiceSource } from "./worker/messages.js";
import { Workers } from "./workers.js";

/**
 * A model, loaded into workers.
 *
 *     const tts = await PocketTTS.fromPretrained();
 *     for await (const { audio, sampleRate } of tts.stream("Hello world.")) { … }
 *
 * Requests wait for those before them. Errors are `PocketTTSError`s; a request that a signal ends throws the
 * signal's reason.
 */
export class PocketTTS {
  readonly #manifest: Manifest;
  readonly #workers: Workers;
  readonly #notice: (notice: Notice) => void;
  readonly #queue = new Queue();
  /** Orders the calls of `speak`: one text is heard at a time. */
  readonly #aloud = new Queue();
  /** The bundle's voices by name; the key `undefined` stands for the first. */
  readonly #voices = new Map<string | undefined, Promise<Voice>>();
  #voiceCount = 0;
  /** Requests that wait for those before them. */
  #waiting = 0;
  /** Voices that this model made: those of other models are refused. */
  readonly #made = new WeakSet<Voice>();
  /** What runs the components. */
  readonly backend: Backend;
  /** How they run. */
  readonly statistics: RuntimeInfo;

  static {
    guard(this, "PocketTTS", "`await PocketTTS.fromPretrained(address)`", (value) => #workers in value);
  }

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
   * Loads the bundle in the folder at `url`; without one the small model that the package includes,
   * which is made for demonstration.
   */
  static fromPretrained(options?: LoadOptions): Promise<PocketTTS>;
  static fromPretrained(url: string | URL | undefined, options?: LoadOptions): Promise<PocketTTS>;
  static async fromPretrained(first: string | URL | LoadOptions | undefined, second?: LoadOptions): Promise<PocketTTS> {
    const isAlone = rules.isLoadOptions(first);
    if (isAlone && second !== undefined) {
      throw new PocketTTSError(
        "Options",
        "options were given twice: they come alone, or after the address of a bundle",
      );
    }
    const options = checkedOptions(isAlone ? first : second, rules.loadOptions);
    const address = isAlone || first === undefined ? undefined : folderOf(rules.addressText(first));
    const { backend = "engine", device = "wasm", dtype, signal } = options;
    checkEnvironment(device);
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
    void hold();
    // All at once: the module, the workers' scripts, and the manifest, which tells what else to fetch.
    const bundle = findBundle(address, signal);
    const compiling = compile(bestBuild(), signal);
    // The workers hear of a failure.
    bundle.catch(() => {});
    compiling.catch(() => {});
    // Before the workers begin to load. They say what is wrong with a manifest.
    const parsed = bundle.then(({ manifest }): Manifest => JSON.parse(manifest));
    parsed.then((manifest) => phases.expect(manifest, backend)).catch(() => {});
    const opening = { bundle, compiling, backend, dtype, threads };
    const workers = await Workers.open(opening, threads > 1 ? 2 : 1, hear, signal);
    // The workers have found it to be a manifest.
    const manifest = await parsed;
    if (signal?.aborted) {
      workers.end(signal.reason);
      signal.throwIfAborted();
    }
    if (!workers.cacheHit) {
      // Files became old only if others came. Nobody waits for the room that it makes.
      sweep().catch(() => {});
    }
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

  /** Name of the released model; undefined for a custom model. */
  get variant(): string | undefined {
    return this.#manifest.variant ?? undefined;
  }

  /** The model's language; undefined if it is not known. */
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

  /** Names of the bundle's voices; the first is the default. */
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

  /** Makes a voice from a recording. The encoder is fetched the first time. */
  async cloneVoice(recording: Recording, options: { signal?: AbortSignal | undefined } = {}): Promise<Voice> {
    const { signal } = checkedOptions(options, rules.cloneOptions);
    for await (const source of sources(recording)) {
      signal?.throwIfAborted();
      const loading = this.#load(undefined, source);
      const voice = await unlessAborted(loading, signal).catch((error: unknown) => {
        // A voice that is made in spite of the abort is freed.
        void loading.then(
          (voice) => voice?.dispose(),
          () => {},
        );
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

  /** Speaks a text, or all that arrives, and returns the whole speech. */
  async generate(text: TextSource, options: SpeakOptions = {}): Promise<Speech> {
    text = checked("Text", "the text", text, rules.text);
    options = checkedOptions(options, rules.speakOptions);
    const watch = new Stopwatch(this.statistics, this.sampleRate, options.seed);
    const parts: Float32Array[] = [];
    let title: string | undefined;
    for await (const { audio, text: sentences } of this.#speak(text, options, watch)) {
      parts.push(audio);
      title ??= sentences === "" ? undefined : sentences;
    }
    const { voice } = options;
    const name = voice instanceof Voice ? voice.name : (voice ?? this.listVoices()[0]);
    const tags = { text: title, voice: name, model: this.variant };
    return new Speech(parts, this.sampleRate, watch.statistics(), tags);
  }

  /**
   * Speaks a text chunk by chunk. The work begins when the first chunk is requested, and pauses while a
   * few seconds of speech wait to be read. The text may arrive meanwhile: from a `TextStream`, from anything
   * that is iterated over asynchronously, such as the tokens of a language model, or from a
   * `ReadableStream`, of strings or of bytes in UTF-8. Each sentence of it is spoken as soon as it is
   * complete; the source is read only as far as can be spoken soon.
   */
  stream(text: TextSource, options: SpeakOptions = {}): AsyncGenerator<SpeechChunk, void> {
    text = checked("Text", "the text", text, rules.text);
    options = checkedOptions(options, rules.speakOptions);
    return this.#speak(text, options, new Stopwatch(this.statistics, this.sampleRate, options.seed));
  }

  /**
   * Speaks a text aloud, as it arrives and after those before it; resolves when it has been heard. While the browser
   * does not let the page play, it waits: after three seconds there is a notice of the kind `suspended`.
   */
  async speak(text: TextSource, options: PlayOptions = {}): Promise<Statistics> {
    text = checked("Text", "the text", text, rules.text);
    const { player: given, ...rest } = checkedOptions(options, rules.playOptions);
    // Before anything is awaited: browsers allow sound only in the handler of a click.
    const player = given ?? new Player();
    try {
      const leave = await this.#aloud.enter(this.#orEnded(rest.signal)).catch((error: unknown) => {
        // The text will not be read.
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

  /**
   * Aborted when the model has ended: by `dispose`, or because one of its workers failed (an error of the kind
   * `Worker`). It speaks no more then, so load it again.
   */
  get ended(): AbortSignal {
    return this.#workers.ended;
  }

  /** Ends the workers, and frees their memory. */
  async dispose(): Promise<void> {
    this.#workers.end(new PocketTTSError("Disposed", "the model was disposed of"));
  }

  async #play(text: TextSource, options: SpeakOptions, player: Player): Promise<Statistics> {
    // `dispose` ends the sound, too.
    const signal = this.#orEnded(options.signal);
    const watch = new Stopwatch(this.statistics, this.sampleRate, options.seed);
    const stop = () => player.stop();
    const deafen = hearPlayer(player, this.#notice);
    signal.addEventListener("abort", stop);
    try {
      // Seconds of sound before the chunk that is written.
      let before = 0;
      for await (const { audio, sampleRate, text: sentence, from, to, words } of this.#speak(text, options, watch)) {
        await player.write(audio, sampleRate, { text: sentence, from, to, words, before });
        before += audio.length / sampleRate;
      }
      // An abort ends this wait, too.
      await player.end();
      signal.throwIfAborted();
      return watch.statistics();
    } catch (error) {
      player.stop();
      throw error;
    } finally {
      signal.removeEventListener("abort", stop);
      deafen();
    }
  }

  async *#speak(
    text: TextSource,
    { voice, signal, normalize, replacements, flushAfter, ...options }: SpeakOptions,
    watch: Stopwatch,
  ): AsyncGenerator<SpeechChunk, void> {
    watch.start();
    // Opened before anything is awaited, so that a TextStream that is being read already is refused at once.
    const source = typeof text === "string" ? undefined : reading(text);
    try {
      const leave = await this.#enter(signal);
      let hasBegun = false;
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
        const spoken = this.#workers.speak(request, () => this.#notice(STALLED));
        hasBegun = true;
        // The next request begins when the workers are free, also after an error, and if nobody has read all of it.
        void spoken.over.then(leave);
        if (this.#waiting > 0) {
          spoken.hurry();
        }
        if (source !== undefined) {
          void spoken.read(source);
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
        }
      } finally {
        if (!hasBegun) {
          leave();
        }
      }
    } finally {
      source?.end();
    }
  }

  /** Waits for the requests before this one; the returned function lets the next one begin. */
  async #enter(signal: AbortSignal | undefined): Promise<() => void> {
    this.#waiting += 1;
    this.#workers.hurry();
    try {
      return await this.#queue.enter(this.#orEnded(signal));
    } finally {
      this.#waiting -= 1;
    }
  }

  /** A signal that also fires when the workers end, because requests that wait for others would then never end. */
  #orEnded(signal: AbortSignal | undefined): AbortSignal {
    const { ended } = this.#workers;
    // One for each request: Node warns of many listeners of one signal.
    return AbortSignal.any(signal === undefined ? [ended] : [signal, ended]);
  }

  async #voice(voice: string | Voice | undefined): Promise<Voice> {
    if (!(voice instanceof Voice)) {
      return this.#bundled(voice);
    }
    if (!this.#made.has(voice)) {
      throw new PocketTTSError("NoVoice", "this voice belongs to another model: load it with the one that speaks");
    }
    return voice;
  }

  async #bundled(name: string | undefined): Promise<Voice> {
    this.#workers.checkAlive();
    checkName(name, this.listVoices());
    const loading = this.#voices.get(name) ?? this.#loaded(name, { from: "bundle", name });
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

  /** Loads a voice; undefined if the browser has to decode the recording first. */
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
    this.#made.add(voice);
    return voice;
  }
}

/** Default of `flushAfter`, in seconds. */
const USUAL_SILENCE = 1;

/** For a loop over a long stream that awaits another request. */
const STALLED: Notice = {
  kind: "waiting",
  message:
    "a request waits for a stream that is not read, and no more of that can be kept: read it to its end, leave it " +
    "(`break`), or speak with another model",
};

/** What `loadVoice` takes. */
const VOICE_SOURCE: Rule<string | FileBytes> = {
  expected:
    "the name of a voice, or a voice file as a Blob, an ArrayBuffer or a Uint8Array (`await (await fetch(address)).blob()`)",
  fits: (value) => typeof value === "string" || isFile(value),
};

/** Throws if the bundle has no voice of this name; `undefined` means the first. */
function checkName(name: string | undefined, names: readonly string[]): void {
  if (name === undefined ? names.length > 0 : names.includes(name)) {
    return;
  }
  if (names.length === 0) {
    throw new PocketTTSError("NoVoice", "this bundle has no voices: add some with `pocket-onnx convert --voices`");
  }
  const meant = suggestion(name ?? "", names);
  throw new PocketTTSError("NoVoice", `this bundle has no voice ${name}${meant}; it has ${names.join(", ")}`);
}
