/** A bundle's `manifest.json`. Written by `cargo xtask codegen` from docs/manifest.schema.json. */

/** The weight formats, the most exact first. */
export const FORMATS = ["f32", "bf16", "q16", "q8", "q6", "q4"] as const;

/** Who wrote a bundle. */
export interface Generator {
  /** Program. */
  name: string;
  /** Its version. */
  version: string;
}

/** Marks random weights. */
export interface Synthetic {
  /** Seed of the random numbers. */
  seed: number;
}

/** Where a bundle came from. */
export interface Source {
  /** The YAML file of a custom model. */
  config?: SourceFile | null;
  /** Weights: one file, or one for the backbone and one for the codec; none when synthetic. */
  weights: Array<SourceFile>;
  /** LoRA adapter that was merged into the weights. */
  adapter?: SourceFile | null;
  /** Tokenizer; none when it is the vocabulary of 4,000 pieces that the program includes for synthetic bundles. */
  tokenizer?: SourceFile | null;
}

/** A file that went into a bundle. */
export interface SourceFile {
  /** Location as the configuration or the user gave it (`hf://`, `https://` or a path's last part). */
  location: string;
  /** Bytes. */
  size: number;
  /** SHA-256, in lower-case hexadecimal. */
  sha256: string;
}

/** The model options of a configuration, as pocket-tts names them. */
export interface Model {
  /** Backbone, sampler and text table. */
  flow_lm: FlowLmConfig;
  /** Audio codec. */
  mimi: MimiConfig;
}

/** Counterpart of `FlowLMConfig` in pocket-tts. */
export interface FlowLmConfig {
  /** Number type in which pocket-tts runs the model. */
  dtype: string;
  /** Flow net. */
  flow: FlowConfig;
  /** Backbone. */
  transformer: FlowLmTransformerConfig;
  /** Width of the conditioning after `z_proj`; the backbone's own width when `None`. */
  z_dim?: number | null;
  /** Text table and tokenizer. */
  lookup_table: LookupTable;
  /** Location of the backbone's own weights (the training layout). */
  weights_path?: string | null;
  /** Whether `bos_before_voice` comes before the voice prompt. */
  insert_bos_before_voice?: boolean;
}

/** Counterpart of `FlowConfig` in pocket-tts. */
export interface FlowConfig {
  /** Width. */
  dim: number;
  /** Residual blocks. */
  depth: number;
  /** Sampler. */
  type?: FlowType;
}

/** How a latent is sampled from noise. */
export type FlowType = "lsd" | "flow_matching" | "drifting" | "pointwise";

/** Counterpart of `FlowLMTransformerConfig` in pocket-tts. */
export interface FlowLmTransformerConfig {
  /** Feed-forward width as a multiple of `d_model`, unless `dim_feedforward` says it. */
  hidden_scale: number;
  /** Longest period of the rotary embedding. */
  max_period: number;
  /** Width. */
  d_model: number;
  /** Query heads. */
  num_heads: number;
  /** Layers. */
  num_layers: number;
  /** Width of the queries together; `d_model` when `None`. */
  attn_dim?: number | null;
  /** Key and value heads; as many as query heads when `None`. */
  num_kv_heads?: number | null;
  /** Feed-forward width; `d_model * hidden_scale` when `None`. */
  dim_feedforward?: number | null;
}

/** Counterpart of `LookupTable` in pocket-tts. */
export interface LookupTable {
  /** Width of an embedding. */
  dim: number;
  /** Pieces of the vocabulary; the table has one row more. */
  n_bins: number;
  /** Tokenizer library: `tokenizers`, `json` or `sentencepiece`. */
  tokenizer: string;
  /** Location of the tokenizer file; `None` (an explicit null) has to be overridden before use. */
  tokenizer_path?: string | null;
  /** Width of a low-rank table, which `proj` widens to `dim`; a full table when `None`. */
  rank?: number | null;
}

/** Counterpart of `MimiConfig` in pocket-tts. */
export interface MimiConfig {
  /** Number type in which pocket-tts runs the model. */
  dtype: string;
  /** Samples per second. */
  sample_rate: number;
  /** Audio channels. */
  channels: number;
  /** Latent frames per second. */
  frame_rate: number;
  /** Encoder's SEANet, and the decoder's unless `decoder_seanet` says otherwise. */
  seanet: SeanetConfig;
  /** Encoder's transformer, and the decoder's unless `decoder_transformer` says otherwise. */
  transformer: MimiTransformerConfig;
  /** Projection of latents. */
  quantizer: QuantizerConfig;
  /** Location of the codec's own weights (the training layout). */
  weights_path?: string | null;
  /** Width of the encoder's latents; the SEANet's own when `None`. */
  inner_dim?: number | null;
  /** Width between quantizer and upsampling; the decoder SEANet's own when `None`. */
  outer_dim?: number | null;
  /** Decoder's SEANet where it differs. */
  decoder_seanet?: SeanetConfig | null;
  /** Decoder's transformer where it differs. */
  decoder_transformer?: MimiTransformerConfig | null;
}

/** Counterpart of `SEANetConfig` in pocket-tts. */
export interface SeanetConfig {
  /** Width at the transformer's end. */
  dimension: number;
  /** Width at the audio's end. */
  channels: number;
  /** Width of the layer next to the audio. */
  n_filters: number;
  /** Residual blocks per ratio. */
  n_residual_layers: number;
  /** Strides, in the decoder's order. */
  ratios: Array<number>;
  /** Kernel of the first convolution. */
  kernel_size: number;
  /** Kernel of the residual blocks. */
  residual_kernel_size: number;
  /** Kernel of the last convolution. */
  last_kernel_size: number;
  /** Dilation of residual block `j` is this to the power of `j`. */
  dilation_base: number;
  /** What comes before the first sample. */
  pad_mode: PadMode;
  /** A residual block narrows by this. */
  compress: number;
}

/** What a streaming convolution sees before the first sample. */
export type PadMode = "constant" | "replicate";

/** Counterpart of `MimiTransformerConfig` in pocket-tts. */
export interface MimiTransformerConfig {
  /** Width. */
  d_model: number;
  /** Width of the input, projected where it differs from `d_model`. */
  input_dimension: number;
  /** Widths of the outputs (the codec uses exactly one). */
  output_dimensions: Array<number>;
  /** Heads. */
  num_heads: number;
  /** Layers. */
  num_layers: number;
  /** Initial layer scale; the checkpoint holds the trained one. */
  layer_scale: number;
  /** Positions that attention sees, its own included. */
  context: number;
  /** Longest period of the rotary embedding. */
  max_period?: number;
  /** Feed-forward width. */
  dim_feedforward: number;
}

/** Counterpart of `QuantizerConfig` in pocket-tts. */
export interface QuantizerConfig {
  /** Width of a latent. */
  dimension: number;
  /** Width after the projection. */
  output_dimension: number;
}

/** How a text is prepared before it is tokenized: the part of [`Config`] that is about text. */
export interface TextOptions {
  /** Put eight spaces before a text of fewer than five words. */
  pad_with_spaces_for_short_inputs: boolean;
  /** Rewrite semicolons to commas. */
  remove_semicolons: boolean;
  /** End every text with a full stop, question or exclamation mark. */
  append_terminal_punctuation: boolean;
  /** Upper-case the first letter. */
  capitalize_first_letter: boolean;
  /** Characters rewritten before tokenization; an empty text deletes. */
  replace_characters: Record<string, string>;
}

/** How speech is sampled by default: the part of [`Config`] that is about sampling. */
export interface GenerationOptions {
  /** Frames spoken after the end of speech; guessed from the text when `None`. */
  model_recommended_frames_after_eos?: number | null;
  /** Variance of the sampler's noise. */
  default_temperature: number;
  /** The end-of-speech logit has to exceed this. */
  default_eos_threshold: number;
}

/** A head of the backbone's attention, as the YAML's `timestamp_heads` lists it. */
export interface WordHead {
  /** The layer, from 0. */
  layer: number;
  /** The query head in it, from 0. */
  head: number;
}

/** The tokenizer of a bundle. */
export interface TokenizerEntry {
  /** The library that pocket-tts reads it with: `tokenizers` or `sentencepiece`. */
  kind: string;
  /** Pieces. */
  vocabulary: number;
  /** The file. */
  file: FileEntry;
}

/** Name, size and digest of one file of the bundle. */
export interface FileEntry {
  /** Name inside the bundle's folder. */
  name: string;
  /** Bytes. */
  size: number;
  /** SHA-256, in lower-case hexadecimal. */
  sha256: string;
}

/** One graph of a bundle. */
export interface Component {
  /** The ONNX graph. */
  graph: FileEntry;
  /** Its weights, which the graph refers to by name. */
  data: FileEntry;
  /** How its weights are stored. */
  format: WeightFormat;
  /** How those of its slow layers are stored, where that is in another format: layers of the codec that work at the rate of its transformer. */
  slow_format?: WeightFormat | null;
  /** Every parameter in the data file, in the file's order. */
  parameters: Array<Parameter>;
  /** Every input of the graph, states included, in the graph's order. */
  inputs: Array<TensorInfo>;
  /** Every output of the graph, states included, in the graph's order. */
  outputs: Array<TensorInfo>;
  /** What has to be carried from one call to the next. */
  states?: Array<State>;
  /** The input that counts how far the stream has come. */
  position?: PositionCounter | null;
}

/** How the weights of a component are stored. Vectors (biases, gains, scales) are always f32. */
export type WeightFormat = "f32" | "bf16" | "q16" | "q8" | "q6" | "q4";

/** A parameter of a component. */
export interface Parameter {
  /** Its path in the published checkpoint. */
  name: string;
  /** What it is used for, and so how it is laid out. */
  kind: ParameterKind;
  /** How its values are stored. */
  format: WeightFormat;
  /** Sizes: of a vector as the checkpoint has them, `[inputs, outputs]` of a matrix, `[rows, width]` of a table. */
  shape: Array<number>;
  /** Its values in the data file. */
  values: Extent;
  /** Its scales in the data file, where the format has some. */
  scales?: Extent | null;
}

/** Layout of a parameter. */
export type ParameterKind = "vector" | "matrix" | "table";

/** A part of a data file. */
export interface Extent {
  /** First byte. */
  offset: number;
  /** Bytes. */
  size: number;
}

/** Name, number type and shape of an input or output. */
export interface TensorInfo {
  /** Name in the graph. */
  name: string;
  /** Number type. */
  dtype: DType;
  /** Sizes, outermost first; a string is a symbol that stands for one size per call. */
  shape: Array<Dim>;
}

/** Number type of a tensor. */
export type DType = "f32" | "i64";

/** One size of a shape. */
export type Dim = number | string;

/** A tensor that goes into a call and comes out of it. */
export interface State {
  /** Name of the graph's input. */
  input: string;
  /** Name of the graph's output. */
  output: string;
  /** Path of the upstream module that owns it, as in its voice files. */
  module: string;
  /** Key of upstream's state dictionary. */
  key: string;
  /** Index into upstream's tensor along its first axis, where the graph keeps apart what upstream stacks (`cache` holds keys at 0 and values at 1). The batch axis after it is left out here. */
  index?: number | null;
  /** Number type. */
  dtype: DType;
  /** Shape of the input. */
  shape: Array<Dim>;
  /** Value before the first call; a symbolic size is 0 then. */
  initial: Initial;
  /** How the output becomes the next call's input. */
  carry: Carry;
}

/** Value of a state before the first call. */
export type Initial = "empty" | "zeros";

/** How a state's output becomes the next call's input. */
export type Carry = { rule: "append"; axis: number } | { rule: "replace" };

/** An i64 [1] input that the runtime counts up: upstream's `offset`. */
export interface PositionCounter {
  /** Name of the input. */
  input: string;
  /** Value at the first call. */
  initial: number;
  /** After a call the position grows by the sum of these. */
  advances_by: Array<Advance>;
}

/** `times` the size of `input` along `axis`. */
export interface Advance {
  /** Name of the input that is measured. */
  input: string;
  /** Its axis. */
  axis: number;
  /** Positions per element of that axis. */
  times: number;
}

/** A voice of a bundle: the state of `flow_lm` after a voice prompt. */
export interface VoiceEntry {
  /** What it is called. */
  name: string;
  /** Rows of the KV cache. */
  positions: number;
  /** A voice file of pocket-tts, trimmed to its positions, f16. */
  file: FileEntry;
}

/** A bundle, described. */
export interface Manifest {
  /** Always [`FORMAT`]. */
  format: string;
  /** Rises when older manifests can no longer be read. */
  format_version: number;
  /** What a reader has to know beyond this version, by name; a reader refuses what it does not know. */
  requires?: Array<string>;
  /** Who wrote the bundle. */
  generator: Generator;
  /** Name of the released configuration, where it is one. */
  variant?: string | null;
  /** Upstream's signature of the variant, where it has one. */
  signature?: string | null;
  /** Language the model speaks, where it is known. */
  language?: string | null;
  /** Set when the weights are random numbers: such a bundle makes noise, not speech. */
  synthetic?: Synthetic | null;
  /** Whether the encoder can turn a recording into a voice. */
  voice_cloning: boolean;
  /** Where everything came from. */
  source: Source;
  /** ONNX operator set of the graphs. */
  opset_version: number;
  /** Samples per second. */
  sample_rate: number;
  /** Latent frames per second. */
  frame_rate: number;
  /** Samples per latent frame. */
  frame_size: number;
  /** Options of the model's shape. */
  model: Model;
  /** Options of text preparation. */
  text: TextOptions;
  /** Options of sampling. */
  generation: GenerationOptions;
  /** Heads of `flow_lm` that tell when words are spoken, where the variant does not say it. */
  word_heads?: Array<WordHead> | null;
  /** Tokenizer. */
  tokenizer: TokenizerEntry;
  /** Graphs by name. */
  components: Record<string, Component>;
  /** Voices that are ready to speak; the first is the one to use unless asked otherwise. */
  voices?: Array<VoiceEntry>;
}
