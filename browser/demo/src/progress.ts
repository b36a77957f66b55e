/** Progress bars, one for each phase of loading. */

import { byId, make } from "./dom.js";
import { megabytes } from "./models.js";
import type { ProgressEvent } from "./tts.js";

const box = byId("progress", HTMLDivElement);

/** Descriptions of the library's phases. */
const LABELS: Record<ProgressEvent["phase"], string> = {
  model: "Model",
  voice: "Voice",
  encoder: "Cloning model",
};
/** Milliseconds for which full bars stay visible. */
const LINGER = 600;

interface Bar {
  meter: HTMLProgressElement;
  amount: HTMLElement;
}

export class Progress {
  readonly #bars = new Map<ProgressEvent["phase"], Bar>();
  #clearing: ReturnType<typeof setTimeout> | undefined;

  /** Bytes so far, and in all. */
  show({ phase, loaded, total }: ProgressEvent): void {
    clearTimeout(this.#clearing);
    const { meter, amount } = this.#bar(phase);
    meter.max = total;
    meter.value = loaded;
    amount.textContent = loaded < total ? `${megabytes(loaded)} of ${megabytes(total)}` : "done";
    const done = Array.from(this.#bars.values()).every(({ meter }) => meter.value >= meter.max);
    // Another phase may follow.
    if (done) this.#clearing = setTimeout(() => this.clear(), LINGER);
  }

  clear(): void {
    this.#bars.clear();
    box.replaceChildren();
    box.hidden = true;
  }

  #bar(phase: ProgressEvent["phase"]): Bar {
    const known = this.#bars.get(phase);
    if (known !== undefined) return known;
    const bar = { meter: make("progress"), amount: make("span", "", "amount") };
    const row = make("label", LABELS[phase]);
    row.append(bar.meter, bar.amount);
    box.append(row);
    box.hidden = false;
    this.#bars.set(phase, bar);
    return bar;
  }
}
