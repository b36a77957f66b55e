/**
 * The background of Chromium: a speech engine for every page. The speaker, in an offscreen document, speaks the
 * texts that it gets.
 */

import { connectSpeaker, type FromSpeaker, messageOf, type SpeakerPort, type SpeechEvent } from "../messages.js";
import { chosenModel, chosenVoice, onSettings, type Settings, settings } from "../settings.js";
import { choices, listedName, listedVoices, tagOf } from "../voices.js";
import { listenForReading } from "./reading.js";

/** An utterance that the browser asked for, and how its events are reported. */
interface Asked {
  id: number;
  send: (event: chrome.tts.TtsEvent) => void;
}

let count = 0;
/** The utterance that the browser waits for, one at a time. */
let asked: Asked | undefined;
let opening: Promise<void> | undefined;
let connected: SpeakerPort | undefined;

/** Opens the speaker's document, unless it is open. */
function open(): Promise<void> {
  opening ??= create().finally(() => {
    opening = undefined;
  });
  return opening;
}

async function create(): Promise<void> {
  const open = await chrome.runtime.getContexts({ contextTypes: [chrome.runtime.ContextType.OFFSCREEN_DOCUMENT] });
  if (open.length > 0) return;
  await chrome.offscreen.createDocument({
    url: "offscreen.html",
    // With the second reason the document, and the model with it, may stay open during silence.
    reasons: [chrome.offscreen.Reason.AUDIO_PLAYBACK, chrome.offscreen.Reason.WORKERS],
    justification: "Speech is made by workers of this document, and played by it.",
  });
}

async function speaker(): Promise<SpeakerPort> {
  await open();
  connected ??= connectSpeaker(hear, () => {
    connected = undefined;
    finish({ type: "error", charIndex: 0, errorMessage: "the speaker was closed" });
  });
  return connected;
}

function hear(message: FromSpeaker): void {
  if (message.kind !== "event" || message.id !== asked?.id) return;
  const { event } = message;
  if (isLast(event)) finish(event);
  else asked.send(asEvent(event));
}

/** Reports the last event of an utterance to the browser. */
function finish(event: SpeechEvent): void {
  const last = asked;
  asked = undefined;
  last?.send(asEvent(event));
}

function isLast({ type }: SpeechEvent): boolean {
  return type === "end" || type === "interrupted" || type === "error";
}

function asEvent(event: SpeechEvent): chrome.tts.TtsEvent {
  return { ...event, type: event.type as chrome.tts.EventType };
}

async function speak(text: string, options: chrome.ttsEngine.SpeakOptions, it: Asked): Promise<void> {
  try {
    const [port, now] = await Promise.all([speaker(), settings()]);
    // It was stopped meanwhile.
    if (asked !== it) return;
    const { rate = 1, volume = 1 } = options;
    const { bundle, voice, language } = wanted(now, options);
    port.postMessage({ kind: "speak", id: it.id, text, bundle, voice, language, rate, volume });
  } catch (error) {
    if (asked !== it) return;
    finish({ type: "error", charIndex: 0, errorMessage: messageOf(error) });
  }
}

/** The model and voice that the browser names, or else the chosen ones. */
function wanted(now: Settings, { voiceName, lang }: chrome.ttsEngine.SpeakOptions) {
  const named = choices(now).find((choice) => listedName(choice) === voiceName);
  const model = named?.model ?? chosenModel(now);
  const voice = named?.voice ?? chosenVoice(now);
  return { bundle: model.bundle, voice, language: lang ?? tagOf(model.language) };
}

chrome.ttsEngine.onSpeak.addListener((text, options, send) => {
  asked = { id: ++count, send: (event) => send(event) };
  void speak(text, options, asked);
});
chrome.ttsEngine.onStop.addListener(() => {
  asked = undefined;
  connected?.postMessage({ kind: "stop" });
});
chrome.ttsEngine.onPause.addListener(() => connected?.postMessage({ kind: "pause" }));
chrome.ttsEngine.onResume.addListener(() => connected?.postMessage({ kind: "resume" }));

/** Makes the browser list the voices of all models. */
function list(settings: Settings): void {
  chrome.ttsEngine.updateVoices(listedVoices(settings));
}

onSettings(list);
for (const event of [chrome.runtime.onInstalled, chrome.runtime.onStartup]) {
  event.addListener(() => void settings().then(list));
}
listenForReading(open);
