// Written by `cargo xtask codegen` from the table in crates/speech/src/options.rs.

import type { SpeechOptions } from "../../wasm/simd/pocket_onnx.js";

/** Options of speaking on the command line: names, what stands for a value there, what they do. */
export const SPEECH_OPTIONS = {
  seed: { name: "seed", value: "N", help: "Seed of the noise, a whole number: in one backend the same seed gives the same samples, with any number of threads. Default: a new one each time." },
  temperature: { name: "temperature", value: "T", help: "Variance of the noise (its standard deviation is the square root): 0 gives the likeliest speech, more gives more variety. Default: the model's." },
  noiseClamp: { name: "noise-clamp", value: "X", help: "Largest magnitude of the noise. Default: no limit." },
  steps: { name: "steps", value: "N", help: "Steps of the sampler, at least 1; models of the types `drifting` and `pointwise` always take one. Default: 1." },
  eosThreshold: { name: "eos-threshold", value: "X", help: "Speech ends when the end-of-speech score (a logit) exceeds this. Default: the model's." },
  framesAfterEos: { name: "frames-after-eos", value: "N", help: "Frames (80 ms) still made after the end of speech was found. Default: the model's, or estimated from the text." },
  maxTokens: { name: "max-tokens", value: "N", help: "Largest group of sentences that is spoken in one go, in tokens; longer texts are split between sentences. Default: 50." },
  speed: { name: "speed", value: "X", help: "How fast, from 0.5 to 2, at the same pitch; pauses change with it. Default: 1." },
} as const satisfies Partial<Record<keyof SpeechOptions, { name: string; value: string; help: string }>>;
