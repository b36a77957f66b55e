//! Counterpart of pocket-tts `models/mimi.py`: the codec's two halves.

mod decoder;
mod decoder_part;
mod encoder;

pub(crate) use decoder::MimiDecoder;
pub use decoder_part::DecoderPart;
pub(crate) use encoder::MimiEncoder;

#[cfg(test)]
mod tests;
