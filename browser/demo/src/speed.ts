/** How fast the reader listens. It is kept for the next visit, as it is a habit. */

import { byId } from "./dom.js";

const slider = byId("speed", HTMLInputElement);
const shown = byId("speed-shown", HTMLOutputElement);

/** Under which name it is kept. */
const KEPT = "pocket-onnx-speed";

export class SpeedControl {
  onchange: ((speed: number) => void) | undefined;

  constructor() {
    const kept = Number(read());
    // What the slider cannot have it puts right itself.
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
    // The browser keeps nothing for this page.
    return null;
  }
}

function keep(speed: string): void {
  try {
    localStorage.setItem(KEPT, speed);
  } catch {
    // It holds for this visit.
  }
}
