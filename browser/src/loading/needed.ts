/** Which of a bundle's files are needed, and for what. */

import type { Backend } from "../backend.js";
import { FORMATS, type FileEntry, type Manifest, type WeightFormat } from "../manifest.js";
import type { Role } from "../worker/messages.js";

/** What each half of an utterance runs. */
const BACKBONE = ["text_conditioner", "flow_lm", "flow_net"];
const DECODER = ["mimi_decoder"];
const OF_ROLE: Record<Role, readonly string[]> = {
  whole: [...BACKBONE, ...DECODER],
  backbone: BACKBONE,
  decoder: DECODER,
};
/** The component that clones voices. */
export const ENCODER = "mimi_encoder";

/** Names of the components whose files a role needs. */
export function componentsOf(role: Role): readonly string[] {
  return OF_ROLE[role];
}

/** The files that a worker needs to speak: each once. */
export function modelFiles(manifest: Manifest, backend: Backend, role: Role): FileEntry[] {
  const files = componentsOf(role).flatMap((name) => componentFiles(manifest, backend, name));
  // What decodes reads no text.
  return role === "decoder" ? files : [manifest.tokenizer.file, ...files];
}

/** The files that are needed to clone a voice; none if the bundle cannot. */
export function encoderFiles(manifest: Manifest, backend: Backend): FileEntry[] {
  return ENCODER in manifest.components ? componentFiles(manifest, backend, ENCODER) : [];
}

/**
 * The formats of the weights that products are made with, in all components. The manifest may be unchecked: all
 * formats if it says nothing of them.
 */
export function weightFormats(manifest: Manifest | undefined): WeightFormat[] {
  const named = new Set<unknown>();
  try {
    for (const { parameters } of Object.values(manifest?.components ?? {})) {
      for (const { kind, format } of parameters) {
        if (kind === "matrix") {
          named.add(format);
        }
      }
    }
  } catch {
    // What is wrong with it is found when it is checked.
  }
  const formats = FORMATS.filter((format) => named.has(format));
  return formats.length === 0 ? [...FORMATS] : formats;
}

function componentFiles(manifest: Manifest, backend: Backend, name: string): FileEntry[] {
  const { graph, data } = manifest.components[name] as Manifest["components"][string];
  return backend === "engine" ? [data] : [graph, data];
}
