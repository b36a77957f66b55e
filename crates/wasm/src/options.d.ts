// Written by `cargo xtask codegen` from the table in crates/speech/src/options.rs.

/** How an utterance is to be spoken. What is not given is the model's own. */
export interface SpeechOptions {
  /** Seed of the noise, a whole number: in one backend the same seed gives the same samples, with any number of threads. Default: a new one each time. */
  seed?: number | undefined;
  /** Variance of the noise (its standard deviation is the square root): 0 gives the likeliest speech, more gives more variety. Default: the model's. */
  temperature?: number | undefined;
  /** Largest magnitude of the noise. Default: no limit. */
  noiseClamp?: number | undefined;
  /** Steps of the sampler, at least 1; models of the types `drifting` and `pointwise` always take one. Default: 1. */
  steps?: number | undefined;
  /** Speech ends when the end-of-speech score (a logit) exceeds this. Default: the model's. */
  eosThreshold?: number | undefined;
  /** Frames (80 ms) still made after the end of speech was found. Default: the model's, or estimated from the text. */
  framesAfterEos?: number | undefined;
  /** Largest group of sentences that is spoken in one go, in tokens; longer texts are split between sentences. Default: 50. */
  maxTokens?: number | undefined;
  /** How fast, from 0.5 to 2, at the same pitch; pauses change with it. Default: 1. */
  speed?: number | undefined;
  /** Tell when each word is spoken. Default: false. */
  words?: boolean | undefined;
}
