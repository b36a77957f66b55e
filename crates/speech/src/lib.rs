//! From text and a voice to speech, without I/O and without a runtime: native and wasm.
//!
//! Nothing here runs a model. State machines say which component to run with which tensors, and are
//! given the outputs:
//!
//! 1. A [`SpeechModel`] is a bundle's manifest and its [`Tokenizer`].
//! 2. A [`Generation`] turns text into latents. It prepares and splits the text, embeds each
//!    chunk, and samples one latent a frame until speech ends.
//! 3. [`Decoding`] turns latents into samples, at the [`Speed`] that was asked for.
//! 4. A [`Cloning`] turns a recording into a [`Voice`]: the state of `flow_lm` that every chunk
//!    starts from.

mod audio;
mod call;
mod cloning;
mod decoding;
mod end_of_speech;
mod error;
mod generation;
mod letters;
mod model;
mod noise;
mod notice;
mod options;
mod sampler;
mod text;
mod voice;
mod words;

pub use crate::audio::{AudioError, RecordingNotice, end_on_pause, resample_poly};
pub use call::Call;
pub use cloning::{Cloning, LONGEST_PROMPT};
pub use decoding::Decoding;
pub use error::SpeechError;
pub use generation::{
    Action, Generation, MoreText, NoiseSource, SourceRange, SpeechEvent, TextSource,
};
pub use model::SpeechModel;
pub use noise::{Noise, NoiseError};
pub use notice::SpeechNotice;
pub use options::{ListedOption, MAX_TOKENS, OptionError, OptionKind, SpeechOptions, TypedValue};
pub use sampler::{FlowCall, Sampler, SamplerError};
pub use stretch::{Speed, SpeedError};
pub use text::{
    Arrived, ArrivingText, Asking, ChunkOrPause, Excerpt, LONGEST_PAUSE, MOST_WAITING, Mapped,
    Next, PreparedText, SENTENCE_PATIENCE, SourceMap, TextCheck, TextChunk, TextError, TextPiece,
    TextStream, USUAL_SILENCE, prepare_text_prompt, split_into_best_sentences,
};
pub use tokenizer::{Token, Tokenizer, TokenizerError};
pub use voice::{StoredPrompt, Voice, VoiceDType, VoiceFileError, VoiceForm};
pub use words::{Certainty, ChunkWords, FoundHeads, HeadSearch, SourceWord, Unit, Word};
