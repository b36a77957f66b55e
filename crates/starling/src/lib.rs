//! The small model that the program brings: the files of `models/starling/`, as bytes.
//!
//! Its configuration is in the registry (`config::Variant`), since it is small. The files are
//! in a crate of their own, so that only programs that speak without a network carry them.

/// The weights: safetensors, bf16.
pub static WEIGHTS: &[u8] = include_bytes!("../../../models/starling/model.safetensors");

/// The tokenizer: a SentencePiece model.
pub static TOKENIZER: &[u8] = include_bytes!("../../../models/starling/tokenizer.model");

/// The recordings that its voices are made from: WAV files by the voice's name.
static VOICES: [(&str, &[u8]); 2] = [
    (
        "robin",
        include_bytes!("../../../models/starling/robin.wav"),
    ),
    (
        "heron",
        include_bytes!("../../../models/starling/heron.wav"),
    ),
];

/// The WAV file that the voice of that name is made from, if there is such a voice.
pub fn voice(name: &str) -> Option<&'static [u8]> {
    let (_, file) = VOICES.iter().find(|(voice, _)| *voice == name)?;
    Some(file)
}
