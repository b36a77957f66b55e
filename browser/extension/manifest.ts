/** The manifest of the extension, which differs between browsers in its background and its engine. */

import { READ_COMMAND } from "./src/messages.js";
import { INCLUDED, type Settings } from "./src/settings.js";
import { listedVoices } from "./src/voices.js";

/** Browsers that the extension is built for. */
export const BROWSERS = ["chromium", "firefox"] as const;
export type BrowserName = (typeof BROWSERS)[number];

/** Members that both manifests have. */
function common(version: string) {
  return {
    manifest_version: 3,
    name: "pocket-onnx",
    version,
    description: "Private, offline speech for every page: Kyutai's pocket-tts runs in the browser.",
    icons: { 192: "icon-192.png", 512: "icon-512.png" },
    action: { default_popup: "popup.html", default_title: "Read this page aloud" },
    // Keys that no browser has a use of its own for: Chromium takes Alt+Shift+P and R itself.
    commands: {
      _execute_action: { suggested_key: { default: "Alt+Shift+O" } },
      [READ_COMMAND]: {
        suggested_key: { default: "Alt+Shift+L" },
        description: "Read this page or the selection aloud",
      },
    },
    // The model is compiled WebAssembly.
    content_security_policy: { extension_pages: "script-src 'self' 'wasm-unsafe-eval'; object-src 'self'" },
    // Hosts of the models that the user adds: permission is requested for each.
    optional_host_permissions: ["https://*/*", "http://localhost/*", "http://127.0.0.1/*"],
  };
}

const PERMISSIONS = ["activeTab", "scripting", "storage"];

export function manifest(browser: BrowserName, version: string): object {
  switch (browser) {
    case "chromium":
      return {
        ...common(version),
        minimum_chrome_version: "116",
        permissions: [...PERMISSIONS, "offscreen", "ttsEngine"],
        background: { service_worker: "background.js", type: "module" },
        tts_engine: { voices: voices() },
      };
    case "firefox":
      return {
        ...common(version),
        browser_specific_settings: { gecko: { id: "pocket-onnx@pocket-onnx.invalid", strict_min_version: "140.0" } },
        permissions: PERMISSIONS,
        background: { scripts: ["background.js"], type: "module" },
      };
  }
}

/** The voices before the user has added any model. */
function voices(): object[] {
  const fresh: Settings = { models: [INCLUDED], model: INCLUDED.name, voice: "", rate: 1 };
  return listedVoices(fresh).map(({ voiceName, lang, eventTypes }) => ({
    voice_name: voiceName,
    lang,
    // A manifest may not name these two; the engine adds them when it starts.
    event_types: eventTypes?.filter((type) => type !== "pause" && type !== "resume"),
  }));
}
