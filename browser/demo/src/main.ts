/** The page: connects its controls with the model, the player and the text. */

import { Cloning } from "./cloning.js";
import { byId } from "./dom.js";
import { showIsolation, showMemory, showThreads } from "./facts.js";
import { save } from "./files.js";
import { showLimits } from "./limits.js";
import { Loaded } from "./loaded.js";
import { complete, describe, fetchModels, INCLUDED, isIncluded, type Model } from "./models.js";
import { startOffline } from "./offline.js";
import { clearProblem, isAbort, showProblem } from "./problems.js";
import { Progress } from "./progress.js";
import { Script } from "./script.js";
import { SpeedControl } from "./speed.js";
import { Speaker, type Figures } from "./speech.js";
import { type Backend, type MediaType, type PocketTTS, readsNumbers, type SpeakOptions, type Speech } from "./tts.js";
import { Voices } from "./voices.js";
import { Wave } from "./wave.js";

const speak = byId("speak", HTMLButtonElement);
const speakLabel = speak.lastElementChild as HTMLElement;
const stop = byId("stop", HTMLButtonElement);
const saveButton = byId("save", HTMLButtonElement);
const saveAs = byId("save-as", HTMLSelectElement);
const picker = byId("model", HTMLSelectElement);
const backend = byId("backend", HTMLSelectElement);
const status = byId("status", HTMLParagraphElement);
const clock = byId("clock", HTMLParagraphElement);

/** Shown while the browser suspends the sound: before any click or key, and if it still does after one. */
const SUSPENDED = "The browser plays sound only after a click: click anywhere, or press a key.";
const SILENT = "The browser has not started the sound yet. Is a loudspeaker or a headphone connected?";

const script = new Script();
const wave = new Wave();
const progress = new Progress();
const voices = new Voices();
const loaded = new Loaded(progress);
const speed = new SpeedControl();

let models: Model[] = [];
let speaker: Speaker | undefined;
let speech: Speech | undefined;
/** Aborts the utterance that is being spoken; undefined when there is none. */
let current: AbortController | undefined;

/** Resolves when the first sound is made, or when there will be none. */
let firstSoundMade: () => void = () => {};
const firstSound = new Promise<void>((resolve) => (firstSoundMade = resolve));

const cloning = new Cloning({ voices, load, say });

function say(text: string): void {
  status.textContent = text;
}

function model(): Model | undefined {
  return models[picker.selectedIndex];
}

/** Lists the models, and shows the first. */
async function begin(): Promise<void> {
  try {
    models = await fetchModels();
  } catch (error) {
    showProblem("The list of models could not be loaded.", error, () => void begin());
    models = [INCLUDED];
  }
  picker.replaceChildren(...models.map(({ name }) => new Option(name, name)));
  picker.disabled = models.length < 2;
  speak.disabled = false;
  showModel();
  // The included model is small, so it is loaded at once. If that fails, Speak tries it again.
  const loading = models[0]?.included ? load().catch(() => {}) : undefined;
  if (location.hash === "#speak") {
    // Nobody has clicked, so the sound need not start at once. Some browsers take a tenth of a second for that, and
    // meanwhile the page could not hand the workers what they wait for.
    await Promise.race([loaded.begun, loading]);
    if (current === undefined) void speakText();
  }
  await loading;
  if (current !== undefined) await firstSound;
}

/** Shows what the chosen model is and has. */
function showModel(): void {
  const chosen = model();
  if (chosen === undefined) return;
  byId("model-help", HTMLElement).textContent = describe(chosen);
  byId("synthetic", HTMLElement).hidden = chosen.synthetic !== true;
  byId("small", HTMLElement).hidden = byId("own-credit", HTMLElement).hidden = !isIncluded(chosen);
  byId("credit", HTMLElement).hidden = isIncluded(chosen);
  voices.list(chosen.voices);
  cloning.possible = chosen.voice_cloning ?? true;
  cloning.savable = voices.name !== undefined;
  script.showSample(chosen.language);
  byId("normalize", HTMLInputElement).disabled = !readsNumbers(chosen.language);
}

/** The chosen model, loaded. */
async function load(): Promise<PocketTTS> {
  const chosen = model();
  if (chosen === undefined) throw new Error("there is no model");
  const tts = await loaded.get(chosen, backend.value as Backend);
  const whole = complete(chosen, tts);
  if (Object.keys(whole).length > Object.keys(chosen).length) {
    models = models.map((it) => (it === chosen ? whole : it));
    showModel();
  }
  showThreads(tts.statistics.threads);
  showLimits(tts.statistics.instructions);
  void showMemory(tts.memory);
  return tts;
}

/** Where the user clicked during speech: speaking starts again from the beginning of that word. */
let clicked: number | undefined;
script.onword = (start) => {
  if (current === undefined) return;
  clicked = start;
  current.abort();
};

/** Speaks the text from `start` on. */
async function speakText(start = 0): Promise<void> {
  const text = script.text.slice(start);
  if (text.trim() === "") {
    say("There is nothing to say yet.");
    script.focus();
    return;
  }
  clearProblem();
  // Autoplay policy: start the sound in the click handler, not after loading.
  speaker ??= new Speaker();
  speaker.speed = speed.value;
  const abort = new AbortController();
  current = abort;
  busy(true);
  let tts: PocketTTS | undefined;
  try {
    say("Loading the model.");
    tts = await unlessAborted(load(), abort.signal);
    const voice = await unlessAborted(voices.chosen(tts), abort.signal);
    say(speaker.isSuspended ? (navigator.userActivation?.hasBeenActive ? SILENT : SUSPENDED) : "Speaking.");
    label("Pause");
    wave.clear();
    script.begin(start);
    speech = await speaker.speak(
      tts,
      text,
      { ...options(), voice, signal: abort.signal },
      {
        made: (samples, rate) => {
          firstSoundMade();
          wave.add(samples, rate);
        },
        heard: (seconds, mark) => {
          if (status.textContent === SUSPENDED || status.textContent === SILENT) say("Speaking.");
          wave.heard(seconds);
          script.markSentence(mark);
          clock.textContent = time(seconds);
        },
        word: (word) => script.markWord(word),
        level: (rms) => wave.level(rms),
        figures: showFigures,
      },
    );
    wave.heard(Infinity);
    say("Done.");
  } catch (error) {
    say(isAbort(error) ? "Stopped." : "");
    if (!isAbort(error)) showProblem("The text could not be spoken.", error, () => void speakText());
  } finally {
    firstSoundMade();
    if (current === abort) current = undefined;
    script.markSentence(undefined);
    busy(false);
    void showMemory(tts?.memory);
    const from = clicked;
    clicked = undefined;
    if (from !== undefined) void speakText(from);
  }
}

/** The options next to the text and under "More". */
function options(): SpeakOptions {
  const number = (id: string) => byId(id, HTMLInputElement).valueAsNumber;
  const options: SpeakOptions = {};
  // For a model of another language numbers cannot be normalised.
  if (readsNumbers(model()?.language)) {
    options.normalize = byId("normalize", HTMLInputElement).checked;
  }
  const replacements = byId("replacements", HTMLTextAreaElement).value;
  if (replacements.trim() !== "") options.replacements = replacements;
  for (const name of ["seed", "temperature", "steps"] as const) {
    const value = number(name);
    if (!Number.isNaN(value)) options[name] = value;
  }
  return options;
}

/** Waits for `work`, or rejects when the signal comes first. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    work.then(resolve, reject);
    signal.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")));
  });
}

function busy(speaking: boolean): void {
  document.body.classList.toggle("speaking", speaking);
  // Until the model is loaded, there is nothing to pause.
  label(speaking ? "Loading" : "Speak");
  // Disabling the focused button would lose the keyboard focus.
  if (!speaking && document.activeElement === stop) speak.focus();
  stop.disabled = !speaking;
  saveButton.disabled = speaking || speech === undefined;
  picker.disabled = speaking || models.length < 2;
  backend.disabled = speaking;
}

/** Sets what the large button does now. It is never disabled, so that it keeps the focus while it does nothing. */
function label(text: "Speak" | "Loading" | "Pause" | "Resume"): void {
  speakLabel.textContent = text;
  speak.classList.toggle("pausing", text === "Pause");
  speak.ariaDisabled = String(text === "Loading");
}

/** Saves what was spoken, in the chosen format. */
async function saveSpeech(): Promise<void> {
  const [chosen] = saveAs.selectedOptions;
  if (speech === undefined || chosen === undefined) return;
  saveButton.disabled = true;
  try {
    save(await speech.toBlob(chosen.value as MediaType), `speech.${chosen.dataset["ending"]}`);
  } catch (error) {
    showProblem("The sound could not be saved.", error, () => void saveSpeech());
  } finally {
    saveButton.disabled = current !== undefined || speech === undefined;
  }
}

function togglePause(): void {
  const isPaused = speaker?.togglePause() ?? false;
  label(isPaused ? "Resume" : "Pause");
  say(isPaused ? "Paused." : "Speaking.");
}

function showFigures({ firstSound, factor, seconds, gaps, seed }: Figures): void {
  const show = (id: string, value: string) => (byId(id, HTMLElement).textContent = value);
  show("first-sound", firstSound === undefined ? "–" : `${firstSound.toFixed(0)} ms`);
  show("factor", factor === undefined ? "–" : factor.toFixed(2));
  show("spoken", `${seconds.toFixed(1)} s`);
  show("gaps", String(gaps));
  if (seed !== undefined) show("last-seed", `Last: ${seed}.`);
}

function time(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${(seconds - 60 * minutes).toFixed(1).padStart(4, "0")}`;
}

speak.addEventListener("click", () => {
  if (current === undefined) void speakText();
  else if (speak.ariaDisabled !== "true") togglePause();
});
stop.addEventListener("click", () => current?.abort());
saveButton.addEventListener("click", () => void saveSpeech());
picker.addEventListener("change", showModel);
speed.onchange = (speed) => {
  if (speaker !== undefined) speaker.speed = speed;
};
voices.onchange = () => (cloning.savable = voices.name !== undefined);
byId("panel", HTMLFormElement).addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    if (current === undefined && !speak.disabled) void speakText();
  } else if (event.key === "Escape") {
    current?.abort();
  }
});

speak.disabled = true;
showIsolation();
showThreads();
showLimits();
void showMemory();
const begun = begin();
// The service worker downloads the files for offline visits. During the first sound's downloads that would delay
// them, so it starts afterwards; but at once if it has to isolate the page, which takes a reload.
void (crossOriginIsolated ? begun : Promise.resolve()).then(() => {
  return startOffline(() => current !== undefined || script.isOwn);
});
