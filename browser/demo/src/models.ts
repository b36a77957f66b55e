/** The models that this site offers. */

import type { PocketTTS } from "./tts.js";

/** An entry of `models/index.json`, in which only the name is required; or the included model. */
export interface Model {
  name: string;
  /** Name of the released model, or of the included one. */
  variant?: string | null;
  /** Whether it is included in the page. */
  included?: boolean;
  /** Where its bundle is, relative to the index; default: `<name>/`. */
  url?: string;
  language?: string | null;
  synthetic?: boolean;
  voice_cloning?: boolean;
  voices?: string[];
  /** Bytes to download for speaking. */
  size?: number;
}

const INDEX = new URL("models/index.json", document.baseURI);

/** The small model that is part of the page, and always available. */
export const INCLUDED: Model = { name: "starling", variant: "starling", included: true, language: "english" };

/** The site's models, followed by the included one. */
export async function fetchModels(): Promise<Model[]> {
  const offered = await fetchIndex();
  return offered.some(isIncluded) ? offered : [...offered, INCLUDED];
}

/** Whether it is the included model, or the site's copy of it. */
export function isIncluded(model: Model): boolean {
  return model.variant === INCLUDED.variant && model.synthetic !== true;
}

/** The site's list; empty if the site has none. */
async function fetchIndex(): Promise<Model[]> {
  const answer = await fetch(INDEX).catch((cause: unknown) => {
    throw new Error("the list of models cannot be fetched: is the server running?", { cause });
  });
  if (answer.status === 404) return [];
  if (!answer.ok) throw new Error(`the list of models cannot be fetched: ${INDEX.pathname} returned ${answer.status}`);
  const list: unknown = await answer.json().catch(() => undefined);
  if (!isIndex(list)) throw new Error(`${INDEX.pathname} is not a list of models`);
  return list.models;
}

/** Address of the model's bundle; undefined for the included model. */
export function bundleUrl(model: Model): string | undefined {
  return model.included ? undefined : new URL(model.url ?? `${encodeURIComponent(model.name)}/`, INDEX).href;
}

/** The model, with the missing members taken from its bundle. */
export function complete(model: Model, tts: PocketTTS): Model {
  const { language = null, synthetic, variant = null } = tts;
  return { language, synthetic, variant, voice_cloning: tts.canClone, voices: tts.listVoices(), ...model };
}

/** Its description for the user. */
export function describe(model: Model): string {
  const parts = [
    model.language && capital(model.language),
    model.size !== undefined && `${megabytes(model.size)}, kept on this device`,
    model.included && "comes with this page",
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
