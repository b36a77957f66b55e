/**
 * The messages between the parts of the extension. Each part that wants something spoken connects a port to the
 * speaker. The background opens the speaker, if that has a document of its own.
 */

/** Name of a port to the speaker. */
export const SPEAKER = "speaker";

/** Name of the key's command that reads a page. */
export const READ_COMMAND = "read-page";

/** Messages to the speaker. */
export type ToSpeaker =
  | ({ kind: "speak"; id: number } & Request)
  /** Stops, pauses or resumes the utterance that this port asked for. */
  | { kind: "stop" | "pause" | "resume" }
  /** Stops, pauses or resumes any utterance. */
  | { kind: "control"; action: "stop" | "pause" | "resume" }
  /** Loads a model, and asks for its description. */
  | { kind: "load"; bundle: string | undefined };

/** A text to be spoken, and how. */
export interface Request {
  text: string;
  /** Address of the bundle; default: the included one. */
  bundle: string | undefined;
  /** Name of one of its voices; default: the first. */
  voice: string | undefined;
  /** Language of the text, by which sentences are found. */
  language: string | undefined;
  /** From 0.5 to 2; other values are limited to this range. */
  rate: number;
  /** From 0 to 1. */
  volume: number;
}

/** Messages from the speaker. */
export type FromSpeaker =
  /** Sent to the port that asked for it. */
  | { kind: "event"; id: number; event: SpeechEvent }
  | { kind: "loaded"; bundle: string | undefined; model: LoadedModel }
  | { kind: "failed"; bundle: string | undefined; message: string }
  /** Sent to every port. */
  | { kind: "progress"; phase: string; loaded: number; total: number }
  | { kind: "state"; state: SpeakerState }
  /** Why an utterance has failed; it comes after the state. */
  | { kind: "problem"; message: string }
  /** Keeps the background from being ended while an utterance is spoken. */
  | { kind: "alive" };

/** What the speaker is doing. */
export type SpeakerState = "idle" | "loading" | "speaking" | "paused";

/** The description of a model. */
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
  /** Length of a word or sentence. */
  length?: number;
  errorMessage?: string;
}

/** Messages to the background. */
export type ToBackground =
  /** Opens the speaker, unless it is open. */
  | { kind: "open" }
  /** Reads the page in this tab aloud. */
  | { kind: "read"; tab: number }
  /** The page of the sender is not read any further. */
  | { kind: "failed"; message: string };

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

/** Sends a request to the background; throws an error if it answers with one. */
export async function askBackground(message: ToBackground): Promise<void> {
  const problem: unknown = await chrome.runtime.sendMessage(message);
  if (typeof problem === "string") throw new Error(problem);
}

/** The message of anything that can be thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
