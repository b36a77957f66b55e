/** The choice of a voice. */

import { byId, make } from "./dom.js";
import type { PocketTTS, Voice } from "./tts.js";

const box = byId("voices", HTMLDivElement);

/** A voice that was made or opened here. */
export class OwnVoice {
  readonly #make: (tts: PocketTTS) => Promise<Voice>;
  readonly #made = new WeakMap<PocketTTS, Promise<Voice>>();

  constructor(make: (tts: PocketTTS) => Promise<Voice>) {
    this.#make = make;
  }

  /** The voice for the current model: it is made once for each loaded model. */
  in(tts: PocketTTS): Promise<Voice> {
    const made = this.#made.get(tts) ?? this.#make(tts);
    this.#made.set(tts, made);
    // A failure can be tried again.
    made.catch(() => this.#made.delete(tts));
    return made;
  }
}

export class Voices {
  /** The user's voices, by the name they are shown under. */
  readonly #own = new Map<string, OwnVoice>();
  onchange: (() => void) | undefined;

  constructor() {
    box.addEventListener("change", () => this.onchange?.());
  }

  /** Lists the bundle's voices, as far as they are known; keeps the chosen one if it is among them. */
  list(known: readonly string[] | undefined): void {
    const names = known ?? [];
    const chosen = this.#checked()?.value;
    this.#own.clear();
    box.replaceChildren(...names.map((name) => choice(name)));
    if (names.length === 0) {
      const none = "This model has no voices: make or open one below.";
      box.append(make("p", known === undefined ? "Shown once the model is loaded." : none, "hint"));
    }
    this.#check(chosen !== undefined && names.includes(chosen) ? chosen : names[0]);
  }

  /** Adds a voice of the user's and chooses it; returns the name it is shown under. */
  add(name: string, voice: OwnVoice): string {
    const taken = new Set(Array.from(box.querySelectorAll("input"), (it) => it.value));
    let shown = name;
    for (let n = 2; taken.has(shown); n += 1) shown = `${name} ${n}`;
    box.querySelector(".hint")?.remove();
    box.append(choice(shown));
    this.#own.set(shown, voice);
    this.#check(shown);
    this.onchange?.();
    return shown;
  }

  /** The chosen voice, for this model; undefined if there is none. */
  async chosen(tts: PocketTTS): Promise<string | Voice | undefined> {
    const name = this.name;
    return name === undefined ? undefined : (this.#own.get(name)?.in(tts) ?? name);
  }

  get name(): string | undefined {
    return this.#checked()?.value;
  }

  #checked(): HTMLInputElement | undefined {
    return box.querySelector<HTMLInputElement>("input:checked") ?? undefined;
  }

  #check(name: string | undefined): void {
    for (const input of box.querySelectorAll("input")) input.checked = input.value === name;
  }
}

function choice(name: string): HTMLLabelElement {
  const input = make("input");
  input.type = "radio";
  input.name = "voice";
  input.value = name;
  const label = make("label", "", "voice");
  label.append(input, make("span", name));
  return label;
}
