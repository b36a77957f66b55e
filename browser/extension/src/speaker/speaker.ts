/** Speaks the texts that ports send, one utterance at a time. */

import { PocketTTSError } from "pocket-onnx";
import {
  type FromSpeaker,
  messageOf,
  type Request,
  SPEAKER,
  type SpeakerState,
  type SpeechEvent,
  type ToSpeaker,
} from "../messages.js";
import { Loudspeaker } from "./loudspeaker.js";
import { about, Models } from "./models.js";
import { EventOrder } from "./order.js";

/** Milliseconds between two messages that keep the background alive: browsers end it after 30 s without one. */
const SIGN_OF_LIFE = 20_000;

/** An utterance that is being spoken. */
interface Utterance {
  port: chrome.runtime.Port;
  abort: AbortController;
  order: EventOrder;
  over: PromiseWithResolvers<void>;
}

/** The signal's reason if an utterance is stopped. */
const STOPPED = new Error("stopped");

export class Speaker {
  readonly #ports = new Set<chrome.runtime.Port>();
  readonly #loudspeaker = new Loudspeaker();
  readonly #models = new Models((phase, loaded, total) => this.#tellAll({ kind: "progress", phase, loaded, total }));
  #current: Utterance | undefined;
  #state: SpeakerState = "idle";
  #living: ReturnType<typeof setInterval> | undefined;

  /** Answers ports from now on. */
  listen(): void {
    chrome.runtime.onConnect.addListener((port) => {
      if (port.name !== SPEAKER) return;
      this.#ports.add(port);
      port.onMessage.addListener((message: ToSpeaker) => this.#hear(port, message));
      port.onDisconnect.addListener(() => {
        this.#ports.delete(port);
        // Its end need not be reported.
        if (this.#current?.port === port) this.#stop();
      });
      tell(port, { kind: "state", state: this.#state });
    });
  }

  #hear(port: chrome.runtime.Port, message: ToSpeaker): void {
    switch (message.kind) {
      case "speak":
        void this.#speak(port, message.id, message);
        break;
      case "stop":
      case "pause":
      case "resume":
        if (this.#current?.port === port) this.#control(message.kind);
        break;
      case "control":
        this.#control(message.action);
        break;
      case "load":
        void this.#load(port, message.bundle);
        break;
    }
  }

  #control(action: "stop" | "pause" | "resume"): void {
    const { order } = this.#current ?? {};
    if (order === undefined) return;
    switch (action) {
      case "stop":
        this.#stop();
        break;
      case "pause":
        if (this.#loudspeaker.paused) return;
        this.#loudspeaker.pause();
        order.pause();
        this.#become("paused");
        break;
      case "resume":
        if (!this.#loudspeaker.paused) return;
        this.#loudspeaker.resume();
        order.resume();
        this.#become(order.started ? "speaking" : "loading");
        break;
    }
  }

  async #load(port: chrome.runtime.Port, bundle: string | undefined): Promise<void> {
    try {
      const model = about(await this.#models.get(bundle));
      tell(port, { kind: "loaded", bundle, model });
    } catch (error) {
      tell(port, { kind: "failed", bundle, message: messageOf(error) });
    }
  }

  async #speak(port: chrome.runtime.Port, id: number, request: Request): Promise<void> {
    this.#stop();
    const { text, language, bundle, rate, volume, voice } = request;
    const order = new EventOrder(text, language, (event: SpeechEvent) => tell(port, { kind: "event", id, event }));
    const utterance: Utterance = { port, order, abort: new AbortController(), over: Promise.withResolvers() };
    const { signal } = utterance.abort;
    this.#current = utterance;
    this.#become("loading");
    let problem: string | undefined;
    try {
      const loading = this.#models.get(bundle);
      this.#models.keep(utterance.over.promise);
      const tts = await loading;
      signal.throwIfAborted();
      const player = this.#loudspeaker.begin(rate, volume, {
        onsound: () => {
          order.start();
          if (!this.#loudspeaker.paused) this.#become("speaking");
        },
        onword: (word) => order.word(word),
        // A model without word times reports groups of sentences.
        onmark: (mark) => tts.tellsWords || order.reach(mark?.from ?? 0),
      });
      await tts.speak(text, { player, signal, voice, words: tts.tellsWords });
      order.end();
    } catch (error) {
      if (isWordless(error)) order.end();
      else if (!signal.aborted) order.fail((problem = messageOf(error)));
    } finally {
      // It must not end an utterance that has taken its place.
      if (this.#current === utterance) this.#over();
    }
    if (problem !== undefined) this.#tellAll({ kind: "problem", message: problem });
  }

  /** Stops the utterance at once. */
  #stop(): void {
    const utterance = this.#current;
    if (utterance === undefined) return;
    this.#over();
    utterance.abort.abort(STOPPED);
    utterance.order.interrupt();
  }

  #over(): void {
    this.#current?.over.resolve();
    this.#current = undefined;
    this.#loudspeaker.end();
    this.#become("idle");
  }

  #become(state: SpeakerState): void {
    if (state === this.#state) return;
    this.#state = state;
    clearInterval(this.#living);
    if (state !== "idle") this.#living = setInterval(() => this.#tellAll({ kind: "alive" }), SIGN_OF_LIFE);
    this.#tellAll({ kind: "state", state });
  }

  #tellAll(message: FromSpeaker): void {
    for (const port of this.#ports) tell(port, message);
  }
}

function tell(port: chrome.runtime.Port, message: FromSpeaker): void {
  try {
    port.postMessage(message);
  } catch {
    // Its other end is disconnected; `onDisconnect` follows.
  }
}

/** Whether there is nothing to say: pages also contain lines of dashes. */
function isWordless(error: unknown): boolean {
  return error instanceof PocketTTSError && error.kind === "Text";
}
