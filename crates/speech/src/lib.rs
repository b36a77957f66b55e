//! From text and a voice to speech, without I/O and without a runtime: native and wasm.
//!
//! Nothing here runs a model. A state machine says which component is to be run with which
//! tensors, and is given the outputs:
//!
//! 1. A [`Model`] is a bundle's manifest and its [`Tokenizer`].
//! 2. An [`Utterance`] turns text into latents. It prepares and splits the text, embeds each
//!    chunk, and samples one latent a frame until speech ends.
//! 3. [`Decoding`] turns latents into samples, at the [`Speed`] that was asked for.
//! 4. A [`Prompt`] turns a recording into a [`Voice`]: the state of `flow_lm` that every chunk
//!    starts from.

mod audio;
mod call;
mod decoding;
mod end_of_speech;
mod error;
mod model;
mod noise;
mod notice;
mod options;
mod prompt;
mod sampler;
mod text;
mod utterance;
mod voice;
mod words;

pub use crate::audio::{AudioError, RecordingNotice, end_on_pause, resample_poly};
pub use call::Call;
pub use decoding::Decoding;
pub use error::SpeechError;
pub use model::Model;
pub use noise::{Noise, NoiseError};
pub use notice::SpeechNotice;
pub use options::{Kind, ListedOption, MAX_TOKENS, OptionError, Options, Value};
pub use prompt::{LONGEST_PROMPT, Prompt};
pub use sampler::{FlowCall, Sampler, SamplerError};
pub use stretch::{Speed, SpeedError};
pub use text::{
    Arrived, ArrivingText, Asking, Chunk, Excerpt, LONGEST_PAUSE, MOST_WAITING, Mapped, Next,
    PATIENCE, Prepared, SourceMap, Spoken, TextCheck, TextError, TextPiece, TextStream,
    USUAL_SILENCE, prepare_text_prompt, split_into_best_sentences,
};
pub use tokenizer::{Token, Tokenizer, TokenizerError};
pub use utterance::{Action, MoreText, NoiseSource, Sound, SourceRange, TextSource, Utterance};
pub use voice::{StoredPrompt, Voice, VoiceDType, VoiceError, VoiceForm};
pub use words::{Certainty, ChunkWords, FoundHeads, HeadSearch, SourceWord, Unit, Word};
