/** The playback speed, which is stored for the next visit. */

import { byId } from "./dom.js";

const slider = byId("speed", HTMLInputElement);
const shown = byId("speed-shown", HTMLOutputElement);

/** The key for storing it. */
const KEPT = "pocket-onnx-speed";

export class SpeedControl {
  onchange: ((speed: number) => void) | undefined;

  constructor() {
    const kept = Number(read());
    // The slider itself corrects impossible values.
    if (kept > 0) slider.value = String(kept);
    slider.addEventListener("input", () => {
      this.#show();
      keep(slider.value);
      this.onchange?.(this.value);
    });
    this.#show();
  }

  /** From 0.5 to 2; 1 is the model's own. */
  get value(): number {
    return slider.valueAsNumber;
  }

  #show(): void {
    const speed = this.value.toFixed(2);
    shown.textContent = `${speed}×`;
    slider.ariaValueText = `${speed} times`;
  }
}

function read(): string | null {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    // The browser stores nothing for this page: the speed lasts for this visit.
    return null;
  }
}

function keep(speed: string): void {
  try {
    localStorage.setItem(KEPT, speed);
  } catch {
    // It lasts for this visit.
  }
}
