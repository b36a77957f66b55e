/** Voices of the user's own: from a recording, from the microphone, from a voice file. */

import { byId } from "./dom.js";
import { save } from "./files.js";
import { canRecord } from "./limits.js";
import { LONGEST, Microphone } from "./microphone.js";
import { clearProblem, showProblem } from "./problems.js";
import type { PocketTTS, Voice } from "./tts.js";
import { OwnVoice, type Voices } from "./voices.js";

const consent = byId("consent", HTMLInputElement);
const record = byId("record", HTMLButtonElement);
const recordLabel = record.lastElementChild as HTMLElement;
const recording = byId("recording", HTMLInputElement);
const recordingLabel = byId("recording-label", HTMLLabelElement);
const voiceFile = byId("voice-file", HTMLInputElement);
const saveVoice = byId("save-voice", HTMLButtonElement);
const help = byId("cloning-help", HTMLParagraphElement);

/** What cloning needs of the page. */
export interface PageHooks {
  voices: Voices;
  /** Loads the chosen model. */
  load(): Promise<PocketTTS>;
  /** Shows a status. */
  say(status: string): void;
}

export class Cloning {
  readonly #page: PageHooks;
  readonly #microphone = new Microphone();
  #possible = true;
  readonly #help = help.textContent;

  constructor(page: PageHooks) {
    this.#page = page;
    consent.addEventListener("change", () => this.#enable());
    record.addEventListener("click", () => void this.#record());
    recording.addEventListener("change", () => void this.#open(recording, (tts, file) => tts.cloneVoice(file)));
    voiceFile.addEventListener("change", () => void this.#open(voiceFile, openVoice));
    saveVoice.addEventListener("click", () => void this.#save());
    this.#enable();
  }

  /** Whether the model can turn recordings into voices. */
  set possible(possible: boolean) {
    this.#possible = possible;
    help.textContent = possible
      ? this.#help
      : "This model cannot make a voice from a recording. It can open voice files.";
    this.#enable();
  }

  /** Whether there is a voice that can be saved. */
  set savable(savable: boolean) {
    saveVoice.disabled = !savable;
  }

  #enable(): void {
    consent.disabled = !this.#possible;
    const allowed = this.#possible && consent.checked;
    record.disabled = !allowed || !canRecord();
    recording.disabled = !allowed;
    recordingLabel.ariaDisabled = String(!allowed);
  }

  async #record(): Promise<void> {
    if (this.#microphone.recording) {
      this.#microphone.stop();
      return;
    }
    record.ariaPressed = "true";
    try {
      const heard = await this.#microphone.record((seconds) => {
        recordLabel.textContent = `Stop, ${seconds.toFixed(0)} of ${LONGEST} s`;
      });
      await this.#make("my voice", (tts) => tts.cloneVoice(heard));
    } catch (error) {
      showProblem("The microphone cannot be used.", error);
    } finally {
      record.ariaPressed = "false";
      recordLabel.textContent = "Record";
    }
  }

  async #open(input: HTMLInputElement, voice: (tts: PocketTTS, file: File) => Promise<Voice>): Promise<void> {
    const file = input.files?.[0];
    if (file === undefined) return;
    // The same file may be chosen again.
    input.value = "";
    await this.#make(file.name.replace(/\.[^.]*$/, ""), (tts) => voice(tts, file));
  }

  async #make(name: string, voice: (tts: PocketTTS) => Promise<Voice>): Promise<void> {
    const { say, voices } = this.#page;
    // That of the last recording.
    clearProblem();
    try {
      const tts = await this.#page.load();
      say(`Making a voice from ${name}.`);
      const own = new OwnVoice(voice);
      await own.in(tts);
      const shown = voices.add(name, own);
      say(`The voice ${shown} is ready.`);
    } catch (error) {
      say("");
      showProblem(`No voice could be made from ${name}.`, error, () => void this.#make(name, voice));
    }
  }

  async #save(): Promise<void> {
    const { voices } = this.#page;
    const { name } = voices;
    try {
      const tts = await this.#page.load();
      const chosen = await voices.chosen(tts);
      if (chosen !== undefined) save(await tts.exportVoice(chosen), `${name}.safetensors`);
    } catch (error) {
      showProblem("The voice file could not be made.", error, () => void this.#save());
    }
  }
}

/** Opens a voice file. A recording is refused here, because making a voice from it needs consent. */
async function openVoice(tts: PocketTTS, file: File): Promise<Voice> {
  if (/^(?:audio|video)\//.test(file.type)) {
    throw new Error("it is a recording, not a voice file: use “Choose a recording”");
  }
  return tts.loadVoice(file);
}
