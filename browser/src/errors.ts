/** Errors and their kinds. */

/** What went wrong. */
export type ErrorKind =
  /** The file is not a manifest, or has another format version. */
  | "Manifest"
  /** There is nothing to say, or a pause is too long. */
  | "Text"
  /** The vocabulary cannot be read. */
  | "Tokenizer"
  /** The file is not a voice file, or the voice was made for another model. */
  | "Voice"
  /** The bundle has no voice of that name. */
  | "NoVoice"
  /** A recording cannot become a voice. */
  | "Audio"
  /** An option does not exist, or has an impossible value. */
  | "Options"
  /** The bundle cannot clone voices. */
  | "NoEncoder"
  /** A component, a file of one, or an output that word times need, is missing. */
  | "NoComponent"
  /** A component returned NaN or infinity. */
  | "NotFinite"
  /** A tensor of the wrong type or shape. */
  | "Tensor"
  /** A component cannot be loaded or run. */
  | "Runtime"
  /** The SIMD self-test failed in this browser. */
  | "Instructions"
  /** Not enough memory for a file. */
  | "Memory"
  /** A value is of the wrong type. */
  | "Value"
  /** A file cannot be read from the disk (in Node, Deno and Bun). */
  | "File"
  /** A file cannot be fetched: no network, or no such server. */
  | "Network"
  /** A server answered with an error status. */
  | "Http"
  /** A server responds with a web page instead of a file. */
  | "WrongType"
  /** A file is shorter or longer than the manifest says. */
  | "Size"
  /** A file's SHA-256 differs from the manifest's. */
  | "Digest"
  /** The browser lacks a required feature. */
  | "Unsupported"
  /** The model was disposed of. */
  | "Disposed"
  /** A worker has failed. If it was one of a model, that has ended (`ended`): load it again. */
  | "Worker";

/** Why something failed. Aborted work throws the signal's reason instead. */
export class PocketTTSError extends Error {
  readonly kind: ErrorKind;

  constructor(kind: ErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "PocketTTSError";
    this.kind = kind;
  }
}

/** An error on its way from a worker. */
export interface Failure {
  kind: ErrorKind;
  message: string;
}

/** Converts `error` into a message to the page. */
export function failure(error: unknown): Failure {
  if (error instanceof PocketTTSError) {
    return { kind: error.kind, message: error.message };
  }
  // What a module has in memory after a trap or a panic is not to be relied on.
  if (error instanceof WebAssembly.RuntimeError) {
    return {
      kind: "Worker",
      message: `the browser stopped the wasm module, perhaps because it has no more memory (${error.message})`,
    };
  }
  if (error instanceof Error) {
    // Errors of the wasm module have their kind as name.
    const kind = WASM_KINDS.find((kind) => kind === error.name);
    return { kind: kind ?? "Runtime", message: error.message };
  }
  // A panic of the module.
  return { kind: "Worker", message: String(error) };
}

/** The message of anything that can be thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What follows a message about an error: its own, if it has one. */
export function reason(cause: unknown): string {
  return cause instanceof Error ? `: ${cause.message}` : "";
}

const WASM_KINDS: readonly ErrorKind[] = [
  "Manifest",
  "Text",
  "Tokenizer",
  "Voice",
  "Audio",
  "Options",
  "NoEncoder",
  "NoComponent",
  "NotFinite",
  "Tensor",
  "Runtime",
  "Instructions",
  "Memory",
  "Value",
];

/** The error that a worker reported. */
export function fromFailure({ kind, message }: Failure): PocketTTSError {
  return new PocketTTSError(kind, message);
}
