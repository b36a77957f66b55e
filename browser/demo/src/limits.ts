/** What this browser lacks, found by feature detection, as sentences for the user. */

import { byId } from "./dom.js";

const list = byId("limits", HTMLUListElement);

/** The baseline that every current browser has; its kernels need more instructions for the same work. */
const FEWEST_INSTRUCTIONS = "SIMD128";

/** Kinds of recordings that the browser has to decode; the package itself reads WAV files. */
const RECORDINGS: [string, string][] = [
  ["MP3", "audio/mpeg"],
  ["M4A", 'audio/mp4; codecs="mp4a.40.2"'],
  ["FLAC", "audio/flac"],
  ["Ogg", 'audio/ogg; codecs="opus"'],
  ["WebM", 'audio/webm; codecs="opus"'],
];

/** Shows the limits; `instructions` are those that a loaded model uses. */
export function showLimits(instructions?: string): void {
  list.replaceChildren(
    ...limits(instructions).map((limit) => {
      const item = document.createElement("li");
      item.textContent = limit;
      return item;
    }),
  );
  list.hidden = list.childElementCount === 0;
}

/** Whether voices can be recorded here. */
export function canRecord(): boolean {
  return navigator.mediaDevices?.getUserMedia !== undefined && "MediaRecorder" in window;
}

function limits(instructions: string | undefined): string[] {
  const limits: string[] = [];
  if (!crossOriginIsolated) limits.push("This page is not cross-origin isolated, so the model uses one thread.");
  if (instructions === FEWEST_INSTRUCTIONS) {
    limits.push("This browser has no relaxed SIMD, so speech is made more slowly.");
  }
  if (!("caches" in window)) limits.push("This browser cannot store models: each visit downloads them again.");
  if (!("serviceWorker" in navigator)) limits.push("This browser cannot open this page without a network.");
  if (!canRecord()) limits.push("This browser cannot record: choose a recording instead.");
  const unread = RECORDINGS.filter(([, type]) => new Audio().canPlayType(type) === "").map(([name]) => name);
  if (unread.length > 0) limits.push(`This browser cannot decode ${listed(unread)}; WAV files always work.`);
  return limits;
}

function listed(names: string[]): string {
  const last = names.at(-1) ?? "";
  return names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${last}` : last;
}
