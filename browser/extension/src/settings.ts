/** The user's models, and the chosen model, voice and speed. */

/** A model of the list. */
export interface Model {
  /** The name that the user sees. */
  name: string;
  /** Address of the bundle; the included model has none. */
  bundle: string | undefined;
  /** As in the bundle's manifest. */
  language: string | undefined;
  voices: string[];
}

export interface Settings {
  models: Model[];
  /** Names of the chosen model and voice. */
  model: string;
  voice: string;
  /** How fast pages are read. */
  rate: number;
}

/** The included model. */
export const INCLUDED: Model = {
  name: "starling",
  bundle: undefined,
  language: "english",
  voices: ["robin", "heron"],
};

const KEY = "settings";
const DEFAULTS: Settings = { models: [INCLUDED], model: INCLUDED.name, voice: "robin", rate: 1 };

export async function settings(): Promise<Settings> {
  const { [KEY]: kept } = await chrome.storage.local.get<Record<string, Partial<Settings>>>(KEY);
  return { ...DEFAULTS, ...kept };
}

export async function change(changed: Partial<Settings>): Promise<Settings> {
  const now = { ...(await settings()), ...changed };
  await chrome.storage.local.set({ [KEY]: now });
  return now;
}

/** Calls `listener` when any part of the extension has changed the settings. */
export function onSettings(listener: (settings: Settings) => void): void {
  chrome.storage.onChanged.addListener((changes, area) => {
    if (area === "local" && KEY in changes) void settings().then(listener);
  });
}

/** The chosen model; the included one if the chosen one was removed. */
export function chosenModel({ models, model }: Settings): Model {
  return models.find(({ name }) => name === model) ?? INCLUDED;
}

/** The chosen voice, if the model has it. */
export function chosenVoice(settings: Settings): string | undefined {
  const { voices } = chosenModel(settings);
  return voices.includes(settings.voice) ? settings.voice : voices[0];
}
