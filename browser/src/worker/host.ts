/** An open bundle in a worker: all of it, or one half of an utterance's work. */

import type { Model, Sound, SpeechNotice, SpeechOptions } from "../../wasm/simd/pocket_onnx.js";
import { failure, PocketTTSError } from "../errors.js";
import { BundleFiles, keepManifest } from "../loading/bundle.js";
import type { Manifest, WeightFormat } from "../manifest.js";
import { Components } from "./components.js";
import { breathe } from "./credit.js";
import { Decoder } from "./decoder.js";
import { Engine } from "./engine.js";
import { Generator } from "./generator.js";
import type { Opening, Request, Response, Results, ToBackbone, ToDecoder, VoiceSource } from "./messages.js";
import { loadModule } from "./module.js";
import { Rewriter } from "./rewriting.js";
import type { Runtime } from "./runtime.js";
import { Turn } from "./turn.js";
import { Voices } from "./voices.js";

type Answer = (message: Response, transfer?: Transferable[]) => void;

/** What a host is made of. */
interface Parts {
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
  #turn: Turn | undefined;
  #decoder: Decoder | undefined;
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
    const parts = { manifest, model, components, voices, rewriter, files, peer, opened, memory, answer };
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
  async speak({ utterance, text, options, rewriting, voice }: Extract<Request, { type: "speak" }>): Promise<void> {
    const turn = this.#begin(utterance, options);
    let generator: Generator | undefined;
    let used: ReturnType<Voices["use"]> | undefined;
    try {
      const { rewriter, components, voices } = this.#parts;
      used = voices.use(voice);
      const spoken = await rewriter.utterance(text, options, rewriting);
      this.#note(spoken.notices);
      this.#parts.peer?.postMessage({ type: "begin", utterance, options } satisfies ToDecoder);
      generator = new Generator(spoken, components, used.stream, turn.timings);
      while (!turn.stopped) {
        const sound = await generator.next();
        if (sound === undefined) {
          break;
        }
        if (sound !== "again") {
          await this.#deliver(turn, sound);
        }
        await breathe();
      }
      this.#parts.peer?.postMessage({ type: "end", utterance } satisfies ToDecoder);
      this.#over(turn);
    } catch (error) {
      this.#over(turn, error);
    } finally {
      generator?.free();
      used?.done();
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
    if (this.#turn?.utterance === utterance) {
      this.#turn.giveRoom();
    }
  }

  /** Ends an utterance, whether or not it has begun here. */
  stop(utterance: number): void {
    if (this.#turn === undefined || this.#turn.utterance < utterance) {
      this.#begin(utterance, {});
    }
    const turn = this.#turn;
    if (turn?.utterance === utterance) {
      turn.stop();
      if (this.#isDecoder) {
        this.#received = this.#received.then(() => this.#over(turn));
      }
    }
  }

  get #isDecoder(): boolean {
    return this.#parts.peer !== undefined && this.#decoder !== undefined;
  }

  #begin(utterance: number, options: SpeechOptions): Turn {
    const { model, components, manifest } = this.#parts;
    const turn = new Turn(utterance);
    this.#turn = turn;
    this.#decoder?.free();
    this.#decoder = components.has("mimi_decoder")
      ? new Decoder(
          model.decoding(options),
          components.stream("mimi_decoder"),
          manifest.sample_rate,
          turn.timings,
        )
      : undefined;
    return turn;
  }

  /** Hands a piece on to the decoder. */
  async #deliver(turn: Turn, sound: Sound): Promise<void> {
    const { peer } = this.#parts;
    if (peer === undefined) {
      await this.#decode(turn, sound);
      return;
    }
    await turn.takeRoom();
    peer.postMessage({ type: "sound", utterance: turn.utterance, sound } satisfies ToDecoder);
  }

  /** Decodes a piece, and hands its chunks on to the page. */
  async #decode(turn: Turn, sound: Sound): Promise<void> {
    for await (const { samples, ...said } of this.#decoder?.take(sound) ?? []) {
      await turn.takeRoom();
      if (turn.stopped) {
        return;
      }
      const { utterance, waited } = turn;
      this.#parts.answer({ type: "chunk", utterance, samples, ...said, waited }, [samples.buffer]);
    }
  }

  /** A piece from the backbone's worker. It may come before the page's word, or after its stop. */
  #receive(message: ToDecoder): void {
    const { utterance } = message;
    if (message.type === "begin") {
      if (this.#turn === undefined || this.#turn.utterance < utterance) {
        this.#begin(utterance, message.options);
      }
      return;
    }
    const turn = this.#turn;
    if (turn?.utterance !== utterance) {
      return;
    }
    this.#received = this.#received.then(async () => {
      if (turn.stopped) {
        return;
      }
      try {
        if (message.type === "end") {
          this.#over(turn);
        } else {
          await this.#decode(turn, message.sound);
          this.#parts.peer?.postMessage({ type: "taken", utterance } satisfies ToBackbone);
        }
      } catch (error) {
        turn.stop();
        this.#over(turn, error);
      }
    });
  }

  /** Tells the page, once, that nothing more comes of an utterance. */
  #over(turn: Turn, error?: unknown): void {
    if (turn.over) {
      return;
    }
    turn.over = true;
    const { utterance, timings } = turn;
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
