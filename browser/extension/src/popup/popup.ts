/** The popup: model, voice and speed are chosen here, and the page is read. */

import {
  askBackground,
  connectSpeaker,
  type FromSpeaker,
  type LoadedModel,
  messageOf,
  READ_COMMAND,
  type SpeakerPort,
  type SpeakerState,
} from "../messages.js";
import { change, chosenModel, chosenVoice, INCLUDED, type Settings, settings } from "../settings.js";
import { tagOf } from "../voices.js";
import { byId, choose } from "./elements.js";

const read = byId("read", HTMLButtonElement);
const pause = byId("pause", HTMLButtonElement);
const stop = byId("stop", HTMLButtonElement);
const status = byId("status", HTMLParagraphElement);
const progress = byId("progress", HTMLLabelElement);
const phase = byId("phase", HTMLSpanElement);
const meter = byId("meter", HTMLProgressElement);
const model = byId("model", HTMLSelectElement);
const voice = byId("voice", HTMLSelectElement);
const rate = byId("rate", HTMLInputElement);
const rateShown = byId("rate-shown", HTMLOutputElement);
const hear = byId("try", HTMLButtonElement);
const add = byId("add", HTMLFormElement);
const address = byId("address", HTMLInputElement);
const remove = byId("remove", HTMLButtonElement);
const key = byId("key", HTMLSpanElement);
const engine = byId("engine", HTMLParagraphElement);

/** The text that a voice is tried with. */
const SAMPLE = "Hello. This is how I sound, on this machine and without a network.";

/** Descriptions of the phases of loading. */
const PHASES: Readonly<Record<string, string>> = { model: "Model", voice: "Voice", encoder: "Encoder" };

const STATES: Readonly<Record<SpeakerState, string>> = {
  idle: "",
  loading: "Preparing …",
  speaking: "Speaking.",
  paused: "Paused.",
};

let state: SpeakerState = "idle";
let spoken = 0;
let current: Settings;
/** Settles the promise of a model that is being added. */
let adding: { bundle: string; resolve: (model: LoadedModel) => void; reject: (error: Error) => void } | undefined;

function say(text: string, isProblem = false): void {
  status.textContent = text;
  status.classList.toggle("alarm", isProblem);
}

/** Runs the work of a button, and shows its error. */
function on(element: HTMLElement, type: string, work: () => Promise<void>): void {
  element.addEventListener(type, (event) => {
    if (type === "submit") event.preventDefault();
    work().catch((error: unknown) => say(messageOf(error), true));
  });
}

function show(now: Settings): void {
  current = now;
  choose(
    model,
    now.models.map(({ name }) => name),
    chosenModel(now).name,
  );
  choose(voice, chosenModel(now).voices, chosenVoice(now));
  rate.valueAsNumber = now.rate;
  rateShown.textContent = `${now.rate.toFixed(2)} ×`;
  remove.disabled = chosenModel(now).bundle === undefined;
}

function become(now: SpeakerState): void {
  state = now;
  say(STATES[now]);
  pause.textContent = now === "paused" ? "Continue" : "Pause";
  pause.disabled = stop.disabled = now === "idle";
}

function heard(message: FromSpeaker): void {
  switch (message.kind) {
    case "state":
      become(message.state);
      break;
    case "progress":
      progress.hidden = message.loaded >= message.total;
      phase.textContent = PHASES[message.phase] ?? message.phase;
      meter.max = message.total;
      meter.value = message.loaded;
      break;
    case "loaded":
      if (message.bundle === adding?.bundle) adding?.resolve(message.model);
      break;
    case "failed":
      if (message.bundle === adding?.bundle) adding?.reject(new Error(message.message));
      break;
    case "problem":
      say(message.message, true);
      break;
    case "event":
    case "alive":
      break;
  }
}

let connecting: Promise<SpeakerPort> | undefined;

/** The port to the speaker, which is opened if necessary. */
function speaker(): Promise<SpeakerPort> {
  connecting ??= askBackground({ kind: "open" }).then(() => connectSpeaker(heard, () => (connecting = undefined)));
  return connecting;
}

/** The model at an address, once it has been loaded. */
async function loaded(bundle: string): Promise<LoadedModel> {
  const port = await speaker();
  const model = new Promise<LoadedModel>((resolve, reject) => (adding = { bundle, resolve, reject }));
  port.postMessage({ kind: "load", bundle });
  return model;
}

/** A name that no model of the list has. */
function freshName(wanted: string): string {
  const taken = new Set(current.models.map(({ name }) => name));
  let name = wanted;
  for (let n = 2; taken.has(name); n += 1) name = `${wanted} ${n}`;
  return name;
}

/** The page that the popup was opened over. A test names it in the address. */
async function tabToRead(): Promise<number> {
  const named = new URLSearchParams(location.search).get("tab");
  const [tab] = await chrome.tabs.query({ active: true, lastFocusedWindow: true });
  const id = named === null ? tab?.id : Number(named);
  if (id === undefined) throw new Error("There is no page to read.");
  return id;
}

on(read, "click", async () => {
  say(STATES.loading);
  await askBackground({ kind: "read", tab: await tabToRead() });
});
on(pause, "click", async () => {
  (await speaker()).postMessage({ kind: "control", action: state === "paused" ? "resume" : "pause" });
});
on(stop, "click", async () => (await speaker()).postMessage({ kind: "control", action: "stop" }));
on(hear, "click", async () => {
  const { bundle, language } = chosenModel(current);
  (await speaker()).postMessage({
    kind: "speak",
    id: ++spoken,
    text: SAMPLE,
    bundle,
    voice: chosenVoice(current),
    language: tagOf(language),
    rate: current.rate,
    volume: 1,
  });
});
on(model, "change", async () => show(await change({ model: model.value })));
on(voice, "change", async () => show(await change({ voice: voice.value })));
on(rate, "input", async () => show(await change({ rate: rate.valueAsNumber })));
on(add, "submit", async () => {
  const bundle = new URL(address.value).href;
  // Requested first, because browsers allow the request only in a click handler.
  if (!(await chrome.permissions.request({ origins: [`${new URL(bundle).origin}/*`] }))) return;
  say("Loading …");
  const { variant, language, voices } = await loaded(bundle);
  if (voices.length === 0) throw new Error("This model has no voices: convert it with some (`--voices`).");
  const name = freshName(variant ?? "model");
  show(await change({ models: [...current.models, { name, bundle, language, voices }], model: name }));
  say("Added.");
  address.value = "";
});
on(remove, "click", async () => {
  const models = current.models.filter(({ name, bundle }) => bundle === undefined || name !== model.value);
  show(await change({ models, model: INCLUDED.name }));
});

/** The key that reads pages, as the browser has it: the user may have changed it, or another extension taken it. */
async function readingKey(): Promise<string> {
  const command = (await chrome.commands.getAll()).find(({ name }) => name === READ_COMMAND);
  return command?.shortcut
    ? `${command.shortcut} reads without this window.`
    : "A key that reads without this window can be chosen in the browser's settings for extensions.";
}

engine.textContent =
  "ttsEngine" in chrome
    ? "The voices are also in the browser's own list, for every page that speaks."
    : "Firefox lets no extension add voices to its list: pages are read from here.";
show(await settings());
key.textContent = await readingKey();
await speaker();
