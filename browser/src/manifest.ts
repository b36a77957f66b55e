/**
 * The members of a bundle's `manifest.json` that the package reads, picked from the types of its schema: a member
 * that the schema lacks, or types differently, is a compile error where it is used. `docs/bundle.md` specifies all.
 */

import type * as schema from "./manifest-schema.js";

export { FORMATS } from "./manifest-schema.js";
export type {
  DType,
  Dim,
  FileEntry,
  PositionCounter,
  TensorInfo,
  VoiceEntry,
  WeightFormat,
} from "./manifest-schema.js";

/** A tensor that goes into a call and comes out of it. */
export type State = Pick<schema.State, "input" | "output" | "dtype" | "shape" | "initial" | "carry">;

/** One graph of the bundle. */
export type Component = Pick<schema.Component, "graph" | "data" | "format" | "inputs" | "outputs" | "position"> & {
  states?: State[];
};

/** A component in a bundle. */
export type BundledComponent = Component & Pick<schema.Component, "parameters">;

/** A bundle, described. */
export type Manifest = Pick<
  schema.Manifest,
  "variant" | "word_heads" | "language" | "synthetic" | "voice_cloning" | "sample_rate" | "frame_rate" | "voices"
> & {
  tokenizer: Pick<schema.TokenizerEntry, "file">;
  components: Record<string, BundledComponent>;
};

/** Every file of the bundle except the manifest. */
export function filesOf(manifest: Manifest): schema.FileEntry[] {
  return [
    ...Object.values(manifest.components).flatMap((component) => [component.graph, component.data]),
    manifest.tokenizer.file,
    ...(manifest.voices ?? []).map((voice) => voice.file),
  ];
}
