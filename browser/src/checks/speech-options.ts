// Written by `cargo xtask codegen` from the table in crates/speech/src/options.rs.

import type { SpeechOptions } from "../../wasm/simd/pocket_onnx.js";

/** What the values of each option of speaking are. */
export const SPEECH_OPTIONS = {
  seed: "whole",
  temperature: "number",
  noiseClamp: "number",
  steps: "whole",
  eosThreshold: "number",
  framesAfterEos: "whole",
  maxTokens: "whole",
  speed: "number",
  words: "flag",
} as const satisfies Record<keyof SpeechOptions, string>;
