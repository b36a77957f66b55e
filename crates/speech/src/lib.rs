//! From text and a voice to speech, without I/O and without a runtime: native and wasm.

mod audio;
mod end_of_speech;
mod noise;
mod sampler;
mod text;
mod tokenizer;
mod voice;
