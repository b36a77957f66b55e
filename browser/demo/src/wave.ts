/** The waveform of an utterance, and the current level. */

import { byId } from "./dom.js";

const canvas = byId("wave", HTMLCanvasElement);
const meter = byId("level", HTMLDivElement);

/** Seconds of sound for a stored peak. */
const GRAIN = 0.02;
/** Width of a bar and of the gap after it, in CSS pixels. */
const BAR = 2;
const GAP = 2;
/** The canvas spans at least this many seconds, so that short utterances do not fill it at once. */
const SPAN = 8;
/** The lowest level shown, in decibels. */
const FLOOR = -60;

export class Wave {
  #peaks: number[] = [];
  /** Peak and seconds of the incomplete bar. */
  #open = { peak: 0, samples: 0 };
  #heard = 0;
  #scheduled = false;
  #bar: HTMLElement;

  constructor() {
    this.#bar = meter.firstElementChild as HTMLElement;
    new ResizeObserver(() => this.#schedule()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#schedule());
  }

  clear(): void {
    this.#peaks = [];
    this.#open = { peak: 0, samples: 0 };
    this.#heard = 0;
    this.level(0);
    this.#schedule();
  }

  /** Adds sound that was made. */
  add(samples: Float32Array, sampleRate: number): void {
    const size = Math.round(GRAIN * sampleRate);
    for (const sample of samples) {
      this.#open.peak = Math.max(this.#open.peak, Math.abs(sample));
      this.#open.samples += 1;
      if (this.#open.samples < size) continue;
      this.#peaks.push(this.#open.peak);
      this.#open = { peak: 0, samples: 0 };
    }
    this.#schedule();
  }

  /** Marks the sound up to here as heard. */
  heard(seconds: number): void {
    this.#heard = seconds;
    this.#schedule();
  }

  /** Shows the current level, a root mean square. */
  level(rms: number): void {
    const decibels = Math.max(FLOOR, Math.min(0, 20 * Math.log10(rms)));
    this.#bar.style.transform = `scaleY(${1 - decibels / FLOOR})`;
    meter.ariaValueNow = decibels.toFixed(0);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#draw();
    });
  }

  #draw(): void {
    const { clientWidth: width, clientHeight: height } = canvas;
    const context = canvas.getContext("2d");
    if (context === null || width === 0) return;
    const scale = devicePixelRatio;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    context.scale(scale, scale);
    const style = getComputedStyle(canvas);
    const [rest, made, sounded] = ["--line", "--faint", "--sound"].map((it) => style.getPropertyValue(it));

    const bars = Math.floor((width + GAP) / (BAR + GAP));
    const grains = Math.max(SPAN / GRAIN, this.#peaks.length) / bars;
    for (let bar = 0; bar < bars; bar += 1) {
      const from = Math.floor(bar * grains);
      const peaks = this.#peaks.slice(from, Math.max(from + 1, Math.floor((bar + 1) * grains)));
      const isMade = peaks.length > 0;
      const size = isMade ? Math.max(2, Math.sqrt(Math.min(1, Math.max(...peaks))) * height) : 2;
      const isHeard = isMade && from * GRAIN < this.#heard;
      context.fillStyle = (isHeard ? sounded : isMade ? made : rest) ?? "";
      context.fillRect(bar * (BAR + GAP), (height - size) / 2, BAR, size);
    }
  }
}
