/** The footer: what this browser allows the page to do. */

import { byId } from "./dom.js";
import { megabytes } from "./models.js";

const threads = byId("threads", HTMLElement);
const memory = byId("memory", HTMLElement);
const isolated = byId("isolated", HTMLElement);

declare global {
  interface Performance {
    /** Only in isolated pages, if the browser has it. */
    measureUserAgentSpecificMemory?(): Promise<{ bytes: number }>;
    /** Chromium's older figure: the page's own heap, without its workers. */
    readonly memory?: { usedJSHeapSize: number };
  }
}

export function showIsolation(): void {
  isolated.textContent = crossOriginIsolated ? "yes" : "no, one thread";
}

/** `used` is what the library reports; before that, what could be used. */
export function showThreads(used?: number): void {
  const cores = navigator.hardwareConcurrency;
  threads.textContent = used === undefined ? `${cores} available` : `${used} of ${cores}`;
}

/**
 * Shows the memory of the page plus the model's, which the browser's figure leaves out. The browser may take a
 * while to measure.
 */
export async function showMemory(model = 0): Promise<void> {
  if (memory.textContent === "–") memory.textContent = "measuring";
  const measured = await performance.measureUserAgentSpecificMemory?.().catch(() => undefined);
  const page = measured?.bytes ?? performance.memory?.usedJSHeapSize ?? 0;
  memory.textContent = page + model === 0 ? "not reported by this browser" : megabytes(page + model);
}
