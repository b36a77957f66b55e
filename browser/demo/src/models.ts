/** The models that this site offers. */

import type { PocketTTS } from "./tts.js";

/** One entry of `models/index.json`; all but the name may be missing. */
export interface Model {
  name: string;
  /** Where its bundle is, relative to the index; `<name>/` unless given. */
  url?: string;
  language?: string | null;
  synthetic?: boolean;
  voice_cloning?: boolean;
  voices?: string[];
  /** Bytes that speaking takes. */
  size?: number;
}

const INDEX = new URL("models/index.json", document.baseURI);

export async function fetchModels(): Promise<Model[]> {
  const answer = await fetch(INDEX).catch((cause: unknown) => {
    throw new Error("the list of models cannot be fetched: is the server running?", { cause });
  });
  if (!answer.ok) throw new Error(`the list of models cannot be fetched: ${INDEX.pathname} gives ${answer.status}`);
  const list: unknown = await answer.json().catch(() => undefined);
  if (!isIndex(list)) throw new Error(`${INDEX.pathname} is no list of models`);
  if (list.models.length === 0) throw new Error("this site offers no model");
  return list.models;
}

/** Where the model's bundle is. */
export function bundleUrl(model: Model): string {
  return new URL(model.url ?? `${encodeURIComponent(model.name)}/`, INDEX).href;
}

/** The model with what its bundle says of itself, where the list does not say it. */
export function complete(model: Model, tts: PocketTTS): Model {
  const { language = null, synthetic } = tts;
  return { language, synthetic, voice_cloning: tts.canClone, voices: tts.listVoices(), ...model };
}

/** What a reader is told of it. */
export function describe(model: Model): string {
  const parts = [
    model.language && capital(model.language),
    model.size !== undefined && `${megabytes(model.size)}, kept on this device`,
  ];
  return parts.filter(Boolean).join(" · ");
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function isIndex(list: unknown): list is { models: Model[] } {
  if (typeof list !== "object" || list === null || !("models" in list)) return false;
  return Array.isArray(list.models) && list.models.every((it) => typeof it?.name === "string");
}
