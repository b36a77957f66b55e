/** A worker's half of every utterance, or all of it: runs it, and posts the results. */

import type { SpeechEvent, SpeechNotice, SpeechOptions } from "../../wasm/simd/pocket_onnx.js";
import { failure } from "../errors.js";
import { slices } from "../slices.js";
import type { Tensors } from "../tensor.js";
import { yieldToEventLoop } from "./credit.js";
import { Decoder } from "./decoder.js";
import { FirstDecoder } from "./decoder-parts.js";
import { Generator } from "./generator.js";
import type { Request, Response, Results, ToBackbone, ToDecoder, VoiceSource } from "./messages.js";
import type { Opened, Reading } from "./opening.js";
import type { Rewriter } from "./rewriting.js";
import { SLICE, TextFeed } from "./text.js";
import { ActiveUtterance } from "./active-utterance.js";
import type { Voices } from "./voices.js";

type Answer = (message: Response, transfer?: Transferable[]) => void;

export class Host {
  readonly #bundle: Opened;
  readonly #answer: Answer;
  /** The utterance that is being spoken, or was last. */
  #active: ActiveUtterance | undefined;
  #decoder: Decoder | undefined;
  /** The part of the decoder that the backbone's worker runs, if there is one. */
  #firstDecoder: FirstDecoder | undefined;
  /** The text of that utterance, if this worker runs the backbone. */
  #text: TextFeed | undefined;
  /** Decodes the events of the other worker, one after the other. */
  #received: Promise<void> = Promise.resolve();

  constructor(bundle: Opened, answer: Answer) {
    this.#bundle = bundle;
    this.#answer = answer;
    const { peer, role } = bundle;
    if (peer !== undefined && role === "decoder") {
      peer.onmessage = ({ data }: MessageEvent<ToDecoder>) => this.#receive(data);
    } else if (peer !== undefined) {
      peer.onmessage = ({ data }: MessageEvent<ToBackbone>) => {
        if (data.type === "taken") {
          this.taken(data.utterance, 1);
        }
      };
    }
  }

  /** The result of opening. */
  get opened(): Results["open"] {
    const { cacheHit, instructions } = this.#bundle;
    return { cacheHit, instructions, memory: this.#memory };
  }

  loadVoice(voice: number, source: VoiceSource): Promise<Results["load-voice"]> {
    return this.#reading.voices.load(voice, source);
  }

  prepareVoice(voice: number): undefined {
    this.#reading.voices.prepare(voice);
  }

  exportVoice(voice: number, half: boolean): Uint8Array<ArrayBuffer> {
    return this.#reading.voices.export(voice, half);
  }

  dropVoice(voice: number): void {
    this.#reading.voices.drop(voice);
  }

  /** Makes latents of a text, and decodes them unless another worker does. */
  async speak(request: Extract<Request, { type: "speak" }>): Promise<void> {
    const { utterance, options, rewriting, voice } = request;
    const active = this.#begin(utterance);
    // Pieces of the text may arrive from now on.
    const text = this.#feed(request);
    let generator: Generator | undefined;
    let changing: ReturnType<Rewriter["start"]> | undefined;
    let used: ReturnType<Voices["use"]> | undefined;
    try {
      const { components } = this.#bundle;
      const { rewriter, model, voices } = this.#reading;
      // What rewrites is fetched, the first time, while the voice is made ready.
      changing = rewriter.start(rewriting);
      changing.catch(() => {});
      used = voices.use(voice);
      this.#startDecoding(active, options);
      const changes = await changing;
      const early = request.text === undefined ? [] : this.#check(request.text, options);
      this.#note(early);
      const spoken = model.arrivingUtterance(options);
      this.#bundle.peer?.postMessage({ type: "begin", utterance, options } satisfies ToDecoder);
      generator = new Generator(spoken, text, changes, components, used.stream, active.timings);
      while (!active.stopped) {
        const event = await generator.next();
        active.waitedForText = text.waited;
        if (event === undefined) {
          // Some show only at the end, even if the complete text was checked before.
          this.#note(spoken.notices.filter(({ kind }) => early.every((it) => it.kind !== kind)));
          break;
        }
        if (event !== "again") {
          await this.#deliver(active, event);
        }
        await yieldToEventLoop();
      }
      this.#bundle.peer?.postMessage({ type: "end", utterance } satisfies ToDecoder);
      this.#over(active);
    } catch (error) {
      this.#over(active, error);
    } finally {
      if (generator === undefined) {
        changing?.then(
          (changes) => changes?.free(),
          () => {},
        );
      }
      generator?.free();
      text.free();
      used?.done();
    }
  }

  #feed({ utterance, text, silence }: Extract<Request, { type: "speak" }>): TextFeed {
    const read = (units: number) => {
      if (text === undefined) {
        this.#answer({ type: "read", utterance, units });
      }
    };
    this.#text = new TextFeed(this.#bundle.module, text, silence, read);
    return this.#text;
  }

  /** Reads a complete text before any of it is spoken: throws if it cannot be spoken. */
  #check(text: string, options: SpeechOptions): SpeechNotice[] {
    const check = new this.#bundle.module.wasm.TextCheck(this.#reading.model);
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

  /** Speaks everything pushed so far, without waiting for the end of a sentence. */
  flush(utterance: number): void {
    if (this.#active?.utterance === utterance) {
      this.#text?.flush();
    }
  }

  /** Ends the text; `isBroken` if its source failed. */
  close(utterance: number, isBroken: boolean): void {
    if (this.#active?.utterance === utterance) {
      this.#text?.close(isBroken);
    }
  }

  /** Reports text or options that are probably a mistake. */
  #note(notices: SpeechNotice[]): void {
    for (const { kind, message } of notices) {
      const progress = { kind: "notice", notice: kind, file: "", message } as const;
      this.#answer({ type: "progress", progress });
    }
  }

  /** The receiver (the page, or the decoder's worker) has room for `count` messages more. */
  taken(utterance: number, count: number): void {
    if (this.#active?.utterance === utterance) {
      this.#active.giveRoom(count);
    }
  }

  /** Ends an utterance, whether or not it has begun here. */
  stop(utterance: number): void {
    if (this.#active === undefined || this.#active.utterance < utterance) {
      this.#begin(utterance);
    }
    const active = this.#active;
    if (active?.utterance === utterance) {
      active.stop();
      this.#text?.wake();
      if (this.#bundle.role === "decoder") {
        this.#received = this.#received.then(() => this.#over(active));
      }
    }
  }

  #begin(utterance: number): ActiveUtterance {
    const active = new ActiveUtterance(utterance);
    this.#active = active;
    this.#decoder?.free();
    this.#firstDecoder?.free();
    [this.#decoder, this.#firstDecoder] = [undefined, undefined];
    return active;
  }

  /** Makes what this worker runs of the decoder ready. Throws if there is a wrong option. */
  #startDecoding({ timings }: ActiveUtterance, options: SpeechOptions): void {
    const { checked, components, manifest, part } = this.#bundle;
    if (!components.has("mimi_decoder")) {
      return;
    }
    const [decoding, stream] = [checked.decoding(options), components.stream("mimi_decoder")];
    if (part?.isFirst) {
      this.#firstDecoder = new FirstDecoder(decoding, stream, timings);
    } else {
      this.#decoder = new Decoder(decoding, stream, part !== undefined, manifest.sample_rate, timings);
    }
  }

  /** Decodes an event, or sends it to the decoder's worker. */
  async #deliver(active: ActiveUtterance, event: SpeechEvent): Promise<void> {
    const { peer } = this.#bundle;
    if (peer === undefined) {
      await this.#decode(active, event, undefined);
      return;
    }
    const hidden = await this.#firstDecoder?.take(event);
    await active.takeRoom();
    const { utterance, waitedForText: waited } = active;
    const buffers = Object.values(hidden ?? {}).map(({ data }) => data.buffer);
    peer.postMessage({ type: "event", utterance, event, hidden, waited } satisfies ToDecoder, buffers);
  }

  /** Decodes an event, and posts its chunks to the page. */
  async #decode(active: ActiveUtterance, event: SpeechEvent, hidden: Tensors | undefined): Promise<void> {
    for await (const { samples, ...said } of this.#decoder?.take(event, hidden) ?? []) {
      await active.takeRoom();
      if (active.stopped) {
        return;
      }
      const { utterance } = active;
      const waited = active.waited + active.waitedForText;
      this.#answer({ type: "chunk", utterance, samples, ...said, waited }, [samples.buffer]);
    }
  }

  /** Takes a message from the backbone's worker. It may arrive after the page's message to stop. */
  #receive(message: ToDecoder): void {
    const { utterance } = message;
    if (message.type === "begin") {
      if (this.#active === undefined || this.#active.utterance < utterance) {
        this.#startDecoding(this.#begin(utterance), message.options);
      }
      return;
    }
    const active = this.#active;
    if (active?.utterance !== utterance) {
      return;
    }
    this.#received = this.#received.then(async () => {
      // More events may wait than are decoded in a tenth of a second: a stop must not wait behind them.
      await yieldToEventLoop();
      if (active.stopped) {
        return;
      }
      try {
        if (message.type === "end") {
          this.#over(active);
        } else {
          active.waitedForText = message.waited;
          await this.#decode(active, message.event, message.hidden);
          this.#bundle.peer?.postMessage({ type: "taken", utterance } satisfies ToBackbone);
        }
      } catch (error) {
        active.stop();
        this.#over(active, error);
      }
    });
  }

  /** Tells the page, once, that an utterance is over. */
  #over(active: ActiveUtterance, error?: unknown): void {
    if (active.over) {
      return;
    }
    active.over = true;
    const { utterance, timings } = active;
    const why = error === undefined ? undefined : failure(error);
    this.#answer({ type: "over", utterance, timings, memory: this.#memory, failure: why });
  }

  /** What reads texts and voices. The page asks no worker for them that has none. */
  get #reading(): Reading {
    const { reading } = this.#bundle;
    if (reading === undefined) {
      throw new Error("this worker reads no texts and no voices");
    }
    return reading;
  }

  get #memory(): number {
    return this.#bundle.module.memory.buffer.byteLength;
  }
}
