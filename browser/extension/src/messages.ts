/**
 * What the parts of the extension say to each other. Everybody who wants something spoken connects a port to
 * the speaker; the background opens the speaker, where that has a document of its own.
 */

/** Name of a port to the speaker. */
export const SPEAKER = "speaker";

/** To the speaker. */
export type ToSpeaker =
  | ({ kind: "speak"; id: number } & Request)
  /** What this port asked for. */
  | { kind: "stop" | "pause" | "resume" }
  /** Whatever is being spoken. */
  | { kind: "control"; action: "stop" | "pause" | "resume" }
  /** Load a model, and say what it is. */
  | { kind: "load"; bundle: string | undefined };

/** A text to be spoken, and how. */
export interface Request {
  text: string;
  /** Address of the bundle; the included one unless given. */
  bundle: string | undefined;
  /** Name of one of its voices; its first unless given. */
  voice: string | undefined;
  /** Language of the text, by which sentences are found. */
  language: string | undefined;
  /** From 0.5 to 2; what lies outside is brought to the nearest of them. */
  rate: number;
  /** From 0 to 1. */
  volume: number;
}

/** From the speaker. */
export type FromSpeaker =
  /** To the port that asked for it. */
  | { kind: "event"; id: number; event: SpeechEvent }
  | { kind: "loaded"; bundle: string | undefined; model: LoadedModel }
  | { kind: "failed"; bundle: string | undefined; message: string }
  /** To every port. */
  | { kind: "progress"; phase: string; loaded: number; total: number }
  | { kind: "state"; state: SpeakerState }
  /** Keeps whoever hears it from being ended while something is spoken. */
  | { kind: "alive" };

/** What the speaker is doing. */
export type SpeakerState = "idle" | "loading" | "speaking" | "paused";

/** What a model says of itself. */
export interface LoadedModel {
  /** Name of the released model. */
  variant: string | undefined;
  language: string | undefined;
  voices: string[];
}

/** An event of an utterance, as `chrome.tts` has them. */
export interface SpeechEvent {
  type: "start" | "word" | "sentence" | "pause" | "resume" | "end" | "interrupted" | "error";
  /** Position in the text, in UTF-16 units. */
  charIndex: number;
  /** Of a word or sentence. */
  length?: number;
  errorMessage?: string;
}

/** To the background. */
export type ToBackground =
  /** See to it that there is a speaker to connect to. */
  | { kind: "open" }
  /** Read the page in this tab aloud. */
  | { kind: "read"; tab: number };

/** A port to the speaker, as its other end sees it. */
export interface SpeakerPort {
  postMessage(message: ToSpeaker): void;
  disconnect(): void;
}

/** Connects to the speaker, which has to be open. */
export function connectSpeaker(hear: (message: FromSpeaker) => void, gone: () => void = () => {}): SpeakerPort {
  const port = chrome.runtime.connect({ name: SPEAKER });
  port.onMessage.addListener((message: FromSpeaker) => hear(message));
  port.onDisconnect.addListener(() => {
    // Reading it marks it as seen.
    void chrome.runtime.lastError;
    gone();
  });
  return port;
}

/** Asks the background for something, and throws what it answers with. */
export async function askBackground(message: ToBackground): Promise<void> {
  const problem: unknown = await chrome.runtime.sendMessage(message);
  if (typeof problem === "string") throw new Error(problem);
}
