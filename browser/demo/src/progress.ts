/** Progress bars, one for each phase that is under way. */

import { byId, make } from "./dom.js";
import { megabytes } from "./models.js";

const box = byId("progress", HTMLDivElement);

/** What readers are told of phases as the library names them. */
const LABELS: Record<string, string> = {
  model: "Model",
  voice: "Voice",
  encoder: "Cloning model",
};

interface Bar {
  row: HTMLElement;
  meter: HTMLProgressElement;
  amount: HTMLElement;
}

export class Progress {
  readonly #bars = new Map<string, Bar>();

  /** `loaded` of `total`, in bytes or in steps; a total of 0 is not known. */
  show(phase: string, loaded: number, total: number): void {
    const { meter, amount } = this.#bar(phase);
    if (total > 0) {
      meter.max = total;
      meter.value = loaded;
    } else {
      meter.removeAttribute("value");
    }
    const bytes = total > 10_000;
    const done = total > 0 && loaded >= total;
    amount.textContent = done ? "done" : bytes ? `${megabytes(loaded)} of ${megabytes(total)}` : "";
  }

  clear(): void {
    this.#bars.clear();
    box.replaceChildren();
    box.hidden = true;
  }

  #bar(phase: string): Bar {
    const known = this.#bars.get(phase);
    if (known !== undefined) return known;
    const meter = make("progress");
    const row = make("label", LABELS[phase] ?? phase);
    const amount = make("span", "", "amount");
    row.append(meter, amount);
    box.append(row);
    box.hidden = false;
    const bar = { row, meter, amount };
    this.#bars.set(phase, bar);
    return bar;
  }
}
