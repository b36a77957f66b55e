/** The choice of a voice. */

import { byId, make } from "./dom.js";
import type { Voice } from "./tts.js";

const box = byId("voices", HTMLDivElement);

export class Voices {
  /** Voices that were made or opened here, by the name they are shown under. */
  readonly #own = new Map<string, Voice>();
  onchange: (() => void) | undefined;

  constructor() {
    box.addEventListener("change", () => this.onchange?.());
  }

  /** The bundle's voices; what was chosen stays chosen if it is among them. */
  list(names: readonly string[]): void {
    const chosen = this.#checked()?.value;
    this.#own.clear();
    box.replaceChildren(...names.map((name) => choice(name)));
    if (names.length === 0) box.append(make("p", "This model brings no voices: make or open one below.", "hint"));
    this.#check(chosen !== undefined && names.includes(chosen) ? chosen : names[0]);
  }

  /** Adds a voice of the reader's and chooses it; returns the name it is shown under. */
  add(name: string, voice: Voice): string {
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

  /** What `stream` takes; none where there is none. */
  get chosen(): string | Voice | undefined {
    const name = this.name;
    return name === undefined ? undefined : (this.#own.get(name) ?? name);
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
