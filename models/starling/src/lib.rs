//! The included model: the files of this folder, as bytes.
//!
//! Its configuration is in the registry (`config::Variant`), because it is small. The files are in
//! this crate, so that only programs that speak without a network contain them.

/// The weights: safetensors, bf16.
pub static WEIGHTS: &[u8] = include_bytes!("../model.safetensors");

/// The tokenizer: a SentencePiece model.
pub static TOKENIZER: &[u8] = include_bytes!("../tokenizer.model");

/// The recordings that its voices are made from: WAV files by the voice's name.
static VOICES: [(&str, &[u8]); 2] = [
    ("robin", include_bytes!("../robin.wav")),
    ("heron", include_bytes!("../heron.wav")),
];

/// The WAV file for the voice of that name, if there is such a voice.
pub fn voice(name: &str) -> Option<&'static [u8]> {
    let (_, file) = VOICES.iter().find(|(voice, _)| *voice == name)?;
    Some(file)
}
