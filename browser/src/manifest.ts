/** The members of a bundle's `manifest.json` that a host reads; `docs/bundle.md` specifies all. */

/** A file of the bundle, with what proves that it is whole. */
export interface FileEntry {
  name: string;
  size: number;
  /** In lower-case hexadecimal. */
  sha256: string;
}

/** How weights are stored. */
export type WeightFormat = "f32" | "bf16" | "q16" | "q8" | "q6" | "q4";

/** Number format of a tensor. */
export type DType = "f32" | "i64";

/** A size that is the same at every call, or a symbol for one that is free. */
export type Dim = number | string;

/** An input or output of a graph. */
export interface TensorInfo {
  name: string;
  dtype: DType;
  shape: Dim[];
}

/** A tensor that goes into a call and comes out of it. */
export interface State {
  /** Name of the graph's input. */
  input: string;
  /** Name of the graph's output. */
  output: string;
  dtype: DType;
  /** Shape of the input. */
  shape: Dim[];
  /** Value before the first call; a symbolic size is 0 then. */
  initial: "empty" | "zeros";
  /** How the output becomes the next call's input. */
  carry: { rule: "append"; axis: number } | { rule: "replace" };
}

/** An i64 [1] input that the host counts up. */
export interface PositionCounter {
  input: string;
  initial: number;
  /** After a call it grows by the sum of `times` the size of `input` along `axis`. */
  advances_by: { input: string; axis: number; times: number }[];
}

/** One graph of the bundle. */
export interface Component {
  graph: FileEntry;
  data: FileEntry;
  /** How its weights are stored. */
  format: WeightFormat;
  inputs: TensorInfo[];
  outputs: TensorInfo[];
  states?: State[];
  position?: PositionCounter;
}

/** A voice of the bundle; the first is the one to use unless asked otherwise. */
export interface VoiceEntry {
  name: string;
  positions: number;
  file: FileEntry;
}

/** A bundle, described. */
export interface Manifest {
  variant: string | null;
  /** Heads that tell when words are spoken, where the variant does not say it. */
  word_heads?: { layer: number; head: number }[];
  language: string | null;
  /** Set where the weights are random numbers: such a bundle makes noise, not speech. */
  synthetic: { seed: number } | null;
  voice_cloning: boolean;
  /** Samples per second. */
  sample_rate: number;
  /** Latent frames per second. */
  frame_rate: number;
  tokenizer: { file: FileEntry };
  components: Record<string, Component>;
  voices: VoiceEntry[];
}

/** Every file of the bundle but the manifest. */
export function filesOf(manifest: Manifest): FileEntry[] {
  return [
    ...Object.values(manifest.components).flatMap((component) => [component.graph, component.data]),
    manifest.tokenizer.file,
    ...manifest.voices.map((voice) => voice.file),
  ];
}
