/** Voices as the browser lists them. */

import type { Model, Settings } from "./settings.js";

/** Language tags of the languages that bundles name. */
const TAGS: Readonly<Record<string, string>> = {
  english: "en-US",
  french: "fr-FR",
  german: "de-DE",
  spanish: "es-ES",
  italian: "it-IT",
  portuguese: "pt-PT",
  dutch: "nl-NL",
};

/** Events that the engine reports. */
const EVENTS = ["start", "word", "sentence", "pause", "resume", "end", "error"] as const;

/** A voice of a model. */
export interface Choice {
  model: Model;
  voice: string;
}

/** The tag of a bundle's language. */
export function tagOf(language: string | undefined): string | undefined {
  return language === undefined ? undefined : TAGS[language];
}

/** The name under which the browser lists a voice. */
export function listedName({ model, voice }: Choice): string {
  const name = voice.charAt(0).toUpperCase() + voice.slice(1);
  return model.bundle === undefined ? `${name} (pocket-onnx)` : `${name} (pocket-onnx, ${model.name})`;
}

/** All voices, the chosen model's first. */
export function choices({ models, model }: Settings): Choice[] {
  const ordered = [...models].sort((a, b) => Number(b.name === model) - Number(a.name === model));
  return ordered.flatMap((model) => model.voices.map((voice) => ({ model, voice })));
}

/** All voices, as the browser's list has them. */
export function listedVoices(settings: Settings): chrome.tts.TtsVoice[] {
  return choices(settings).map((choice) => {
    const lang = tagOf(choice.model.language);
    return {
      voiceName: listedName(choice),
      ...(lang === undefined ? {} : { lang }),
      eventTypes: [...EVENTS] as chrome.tts.EventType[],
      remote: false,
    };
  });
}
