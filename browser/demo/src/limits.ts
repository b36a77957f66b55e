/** What this browser cannot do, in words: it is asked what it has, not what it is called. */

import { byId } from "./dom.js";

const list = byId("limits", HTMLUListElement);

/** Instructions that every browser of today has; the kernels for them take more of them. */
const FEWEST_INSTRUCTIONS = "SIMD128";

/** Recordings that the browser decodes; WAV files are read by the package. */
const RECORDINGS: [string, string][] = [
  ["MP3", "audio/mpeg"],
  ["M4A", 'audio/mp4; codecs="mp4a.40.2"'],
  ["FLAC", "audio/flac"],
  ["Ogg", 'audio/ogg; codecs="opus"'],
  ["WebM", 'audio/webm; codecs="opus"'],
];

/** Shows them; `instructions` are those that a loaded model uses. */
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
  if (!crossOriginIsolated) limits.push("does not isolate this page, so the model has one thread");
  if (instructions === FEWEST_INSTRUCTIONS) limits.push("has no relaxed SIMD, so speech takes more work");
  if (!("caches" in window)) limits.push("keeps no model: each visit fetches it");
  if (!("serviceWorker" in navigator)) limits.push("cannot open this page without a network");
  if (!canRecord()) limits.push("cannot record: choose a recording instead");
  const unread = RECORDINGS.filter(([, type]) => new Audio().canPlayType(type) === "").map(([name]) => name);
  if (unread.length > 0) limits.push(`reads no recordings in ${listed(unread)}; WAV files are always read`);
  return limits.map((limit) => `This browser ${limit}.`);
}

function listed(names: string[]): string {
  const last = names.at(-1) ?? "";
  return names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${last}` : last;
}
