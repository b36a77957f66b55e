/** An open bundle in a worker: all of it, or one half of an utterance's work. */

import type { Model, Sound, SpeechNotice, SpeechOptions } from "../../wasm/simd/pocket_onnx.js";
import { failure, PocketTTSError } from "../errors.js";
import { BundleFiles, keepManifest } from "../loading/bundle.js";
import type { Manifest, WeightFormat } from "../manifest.js";
import { slices } from "../slices.js";
import { Components } from "./components.js";
import { yieldToEventLoop } from "./credit.js";
import { Decoder } from "./decoder.js";
import { Engine } from "./engine.js";
import { Generator } from "./generator.js";
import type { Opening, Request, Response, Results, ToBackbone, ToDecoder, VoiceSource } from "./messages.js";
import { loadModule, type Module } from "./module.js";
import { Rewriter } from "./rewriting.js";
import type { Runtime } from "./runtime.js";
import { SLICE, TextFeed } from "./text.js";
import { ActiveUtterance } from "./active-utterance.js";
import { Voices } from "./voices.js";

type Answer = (message: Response, transfer?: Transferable[]) => void;

/** What a host is made of. */
interface Parts {
  module: Module;
  manifest: Manifest;
  model: Model;
  components: Components;
  voices: Voices;
  rewriter: Rewriter;
  files: BundleFiles;
  peer: MessagePort | undefined;
  opened: Omit<Results["open"], "memory">;
  memory: WebAssembly.Memory;
  answer: Answer;
}

export class Host {
  readonly #parts: Parts;
  /** The utterance that is being spoken, or was last. */
  #active: ActiveUtterance | undefined;
  #decoder: Decoder | undefined;
  /** The text of that utterance, where it is spoken here. */
  #text: TextFeed | undefined;
  /** Decodes what the other worker sends, piece by piece. */
  #received: Promise<void> = Promise.resolve();

  private constructor(parts: Parts, role: Opening["role"]) {
    this.#parts = parts;
    const { peer } = parts;
    if (peer !== undefined && role === "decoder") {
      peer.onmessage = ({ data }: MessageEvent<ToDecoder>) => this.#receive(data);
    } else if (peer !== undefined) {
      peer.onmessage = ({ data }: MessageEvent<ToBackbone>) => this.taken(data.utterance);
    }
  }

  /** Loads what the role needs. */
  static async open(opening: Opening, answer: Answer): Promise<Host> {
    const { addresses, peer, role } = opening;
    const module = await loadModule(opening.backend === "engine");
    module.wasm.checkManifest(opening.manifest);
    const manifest: Manifest = JSON.parse(opening.manifest);
    checkFormat(manifest, opening.dtype);
    // Before the files: what no stored manifest names is deleted.
    await keepManifest(addresses, opening.manifest);
    const files = new BundleFiles(addresses, (progress) => answer({ type: "progress", progress }));
    const tokenizer = await files.bytes(manifest.tokenizer.file, "model");
    const model = new module.wasm.Model(opening.manifest, tokenizer);
    let runtime: Runtime;
    if (module.engine !== undefined) {
      runtime = new Engine(module, module.engine, model, files);
    } else {
      const { OnnxRuntime } = await import("./onnxruntime.js");
      runtime = await OnnxRuntime.start(files, opening.threads);
    }
    const components = await Components.load(manifest, runtime, role);
    const voices = new Voices(module, model, manifest, files, components);
    const opened = { cacheHit: files.cacheHit, instructions: module.engine?.instructions };
    const { memory } = module;
    const rewriter = new Rewriter(model, manifest);
    const parts = { module, manifest, model, components, voices, rewriter, files, peer, opened, memory, answer };
    return new Host(parts, role);
  }

  /** How opening went. */
  get opened(): Results["open"] {
    return { ...this.#parts.opened, memory: this.#memory };
  }

  loadVoice(voice: number, source: VoiceSource): Promise<Results["load-voice"]> {
    return this.#parts.voices.load(voice, source);
  }

  prepareVoice(voice: number): undefined {
    this.#parts.voices.prepare(voice);
  }

  exportVoice(voice: number, half: boolean): Uint8Array<ArrayBuffer> {
    return this.#parts.voices.export(voice, half);
  }

  dropVoice(voice: number): void {
    this.#parts.voices.drop(voice);
  }

  /** Makes latents of a text, and decodes them unless another worker does. */
  async speak(request: Extract<Request, { type: "speak" }>): Promise<void> {
    const { utterance, options, rewriting, voice } = request;
    const active = this.#begin(utterance, options);
    // Pieces of it may come from now on.
    const text = this.#feed(request);
    let generator: Generator | undefined;
    let changes: Awaited<ReturnType<Rewriter["start"]>>;
    let used: ReturnType<Voices["use"]> | undefined;
    try {
      const { rewriter, components, model, voices } = this.#parts;
      used = voices.use(voice);
      changes = await rewriter.start(rewriting);
      if (request.text !== undefined) {
        this.#note(this.#check(request.text, options));
      }
      const spoken = model.arrivingUtterance(options);
      this.#parts.peer?.postMessage({ type: "begin", utterance, options } satisfies ToDecoder);
      generator = new Generator(spoken, text, changes, components, used.stream, active.timings);
      while (!active.stopped) {
        const sound = await generator.next();
        active.waitedForText = text.waited;
        if (sound === undefined) {
          if (request.text === undefined) {
            this.#note(spoken.notices);
          }
          break;
        }
        if (sound !== "again") {
          await this.#deliver(active, sound);
        }
        await yieldToEventLoop();
      }
      this.#parts.peer?.postMessage({ type: "end", utterance } satisfies ToDecoder);
      this.#over(active);
    } catch (error) {
      this.#over(active, error);
    } finally {
      if (generator === undefined) {
        changes?.free();
      }
      generator?.free();
      text.free();
      used?.done();
    }
  }

  #feed({ utterance, text, silence }: Extract<Request, { type: "speak" }>): TextFeed {
    const read = (units: number) => {
      if (text === undefined) {
        this.#parts.answer({ type: "read", utterance, units });
      }
    };
    this.#text = new TextFeed(this.#parts.module, text, silence, read);
    return this.#text;
  }

  /** Refuses a text that cannot be spoken, before any of it is. */
  #check(text: string, options: SpeechOptions): SpeechNotice[] {
    const { module, model } = this.#parts;
    const check = new module.wasm.TextCheck(model);
    let isOver = false;
    try {
      for (const piece of slices(text, SLICE)) {
        check.push(piece);
      }
      isOver = true;
      return check.finish(options);
    } finally {
      if (!isOver) {
        check.free();
      }
    }
  }

  /** A piece of the text that is being spoken. */
  push(utterance: number, text: string): void {
    if (this.#active?.utterance === utterance) {
      this.#text?.push(text);
    }
  }

  /** Speaks what was pushed. */
  flush(utterance: number): void {
    if (this.#active?.utterance === utterance) {
      this.#text?.flush();
    }
  }

  /** The text is over, or breaks off. */
  close(utterance: number, isBroken: boolean): void {
    if (this.#active?.utterance === utterance) {
      this.#text?.close(isBroken);
    }
  }

  /** Tells what the user may have meant otherwise. */
  #note(notices: SpeechNotice[]): void {
    for (const { kind, message } of notices) {
      const progress = { kind: "notice", notice: kind, file: "", message } as const;
      this.#parts.answer({ type: "progress", progress });
    }
  }

  /** The receiver has room for one piece more. */
  taken(utterance: number): void {
    if (this.#active?.utterance === utterance) {
      this.#active.giveRoom();
    }
  }

  /** Ends an utterance, whether or not it has begun here. */
  stop(utterance: number): void {
    if (this.#active === undefined || this.#active.utterance < utterance) {
      this.#begin(utterance, {});
    }
    const active = this.#active;
    if (active?.utterance === utterance) {
      active.stop();
      this.#text?.wake();
      if (this.#isDecoder) {
        this.#received = this.#received.then(() => this.#over(active));
      }
    }
  }

  get #isDecoder(): boolean {
    return this.#parts.peer !== undefined && this.#decoder !== undefined;
  }

  #begin(utterance: number, options: SpeechOptions): ActiveUtterance {
    const { model, components, manifest } = this.#parts;
    const active = new ActiveUtterance(utterance);
    this.#active = active;
    this.#decoder?.free();
    this.#decoder = components.has("mimi_decoder")
      ? new Decoder(
          model.decoding(options),
          components.stream("mimi_decoder"),
          manifest.sample_rate,
          active.timings,
        )
      : undefined;
    return active;
  }

  /** Hands a piece on to the decoder. */
  async #deliver(active: ActiveUtterance, sound: Sound): Promise<void> {
    const { peer } = this.#parts;
    if (peer === undefined) {
      await this.#decode(active, sound);
      return;
    }
    await active.takeRoom();
    const { utterance, waitedForText: waited } = active;
    peer.postMessage({ type: "sound", utterance, sound, waited } satisfies ToDecoder);
  }

  /** Decodes a piece, and hands its chunks on to the page. */
  async #decode(active: ActiveUtterance, sound: Sound): Promise<void> {
    for await (const { samples, ...said } of this.#decoder?.take(sound) ?? []) {
      await active.takeRoom();
      if (active.stopped) {
        return;
      }
      const { utterance } = active;
      const waited = active.waited + active.waitedForText;
      this.#parts.answer({ type: "chunk", utterance, samples, ...said, waited }, [samples.buffer]);
    }
  }

  /** A piece from the backbone's worker. It may come before the page's word, or after its stop. */
  #receive(message: ToDecoder): void {
    const { utterance } = message;
    if (message.type === "begin") {
      if (this.#active === undefined || this.#active.utterance < utterance) {
        this.#begin(utterance, message.options);
      }
      return;
    }
    const active = this.#active;
    if (active?.utterance !== utterance) {
      return;
    }
    this.#received = this.#received.then(async () => {
      if (active.stopped) {
        return;
      }
      try {
        if (message.type === "end") {
          this.#over(active);
        } else {
          active.waitedForText = message.waited;
          await this.#decode(active, message.sound);
          this.#parts.peer?.postMessage({ type: "taken", utterance } satisfies ToBackbone);
        }
      } catch (error) {
        active.stop();
        this.#over(active, error);
      }
    });
  }

  /** Tells the page, once, that nothing more comes of an utterance. */
  #over(active: ActiveUtterance, error?: unknown): void {
    if (active.over) {
      return;
    }
    active.over = true;
    const { utterance, timings } = active;
    const why = error === undefined ? undefined : failure(error);
    this.#parts.answer({ type: "over", utterance, timings, memory: this.#memory, failure: why });
  }

  get #memory(): number {
    return this.#parts.memory.buffer.byteLength;
  }
}

/** The backbone has most of the weights: its format is the bundle's. */
function checkFormat(manifest: Manifest, wanted: WeightFormat | undefined): void {
  const format = manifest.components["flow_lm"]?.format;
  if (wanted !== undefined && format !== wanted) {
    throw new PocketTTSError(
      "Options",
      `the weights of this bundle are ${format}, not ${wanted}: take another one, or convert it with --dtype ${wanted}`,
    );
  }
}
