//! How an utterance is to be spoken.
//!
//! Every option is written down once, in the table below. It gives the fields of [`SpeechOptions`], the
//! model's own values, and what hosts offer the options with: names, kinds and sentences for `--help`
//! and for JavaScript. `cargo xtask codegen` writes the TypeScript types and the tables of the READMEs
//! from the same list.

mod listed;
mod value;

use bundle::Manifest;
use stretch::Speed;

pub use self::listed::ListedOption;
use self::value::OptionValue;
pub use self::value::{OptionError, OptionKind, TypedValue};
use crate::SpeechError;

/// Counterpart of `MAX_TOKEN_PER_CHUNK` in pocket-tts `default_parameters.py`.
pub const MAX_TOKENS: usize = 50;

/// Counterpart of `DEFAULT_SAMPLER_DECODE_STEPS` in pocket-tts.
const STEPS: usize = 1;

/// Makes [`SpeechOptions`] and its list of a table: for each option a sentence, its name and type, its value
/// unless it is given (`own`, of a manifest), that value in words, and what stands for a value on the
/// command line, if it is an option there.
macro_rules! options {
    ($(
        $(#[doc = $sentence:literal])+
        $name:ident: $type:ty {
            own: $own:expr,
            default: $default:literal,
            command: $command:expr,
        }
    )+) => {
        /// Options of one utterance. [`SpeechOptions::of`] returns the model's defaults.
        #[derive(Clone, Debug, PartialEq)]
        pub struct SpeechOptions {
            $(
                $(#[doc = $sentence])+
                #[doc = concat!(" Default: ", $default, ".")]
                pub $name: $type,
            )+
        }

        impl SpeechOptions {
            /// All of them, in the order in which people read them.
            pub const LIST: &[ListedOption] = &[
                $(ListedOption {
                    name: stringify!($name),
                    sentence: concat!($($sentence),+),
                    default: $default,
                    kind: <$type as OptionValue>::KIND,
                    command: $command,
                    check: |value| {
                        <$type as OptionValue>::from_value(stringify!($name), value).map(drop)
                    },
                }),+
            ];

            /// The options that the model recommends.
            pub fn of(manifest: &Manifest) -> Self {
                $(let $name: fn(&Manifest) -> $type = $own;)+
                Self { $($name: $name(manifest)),+ }
            }

            /// Sets the option called `name` in the list.
            pub fn set(&mut self, name: &str, value: TypedValue) -> Result<(), SpeechError> {
                match name {
                    $(stringify!($name) => self.$name = OptionValue::from_value(name, value)?,)+
                    _ => return Err(OptionError::Unknown { name: name.to_owned() }.into()),
                }
                Ok(())
            }

            /// The options of the list with their values. One that is off or has no limit has none.
            pub fn values(&self) -> Vec<(&'static ListedOption, Option<TypedValue>)> {
                let values = [$(OptionValue::to_value(&self.$name)),+];
                Self::LIST.iter().zip(values).collect()
            }
        }
    };
}

options! {
    /// Seed of the noise, a whole number: in one backend the same seed gives the same samples, with any
    /// number of threads.
    seed: u64 {
        own: |_| 0,
        default: "a new one each time",
        command: Some("N"),
    }
    /// Variance of the noise (its standard deviation is the square root): 0 gives the likeliest speech,
    /// more gives more variety.
    temperature: f32 {
        own: |manifest| manifest.generation.default_temperature as f32,
        default: "the model's",
        command: Some("T"),
    }
    /// Largest magnitude of the noise.
    noise_clamp: Option<f32> {
        own: |_| None,
        default: "no limit",
        command: Some("X"),
    }
    /// Steps of the sampler, at least 1; models of the types `drifting` and `pointwise` always take one.
    steps: usize {
        own: |_| STEPS,
        default: "1",
        command: Some("N"),
    }
    /// Speech ends when the end-of-speech score (a logit) exceeds this.
    eos_threshold: f32 {
        own: |manifest| manifest.generation.default_eos_threshold as f32,
        default: "the model's",
        command: Some("X"),
    }
    /// Frames (80 ms) still made after the end of speech was found.
    frames_after_eos: Option<usize> {
        own: |manifest| {
            let frames = manifest.generation.model_recommended_frames_after_eos;
            frames.map(|frames| frames as usize)
        },
        default: "the model's, or estimated from the text",
        command: Some("N"),
    }
    /// Largest group of sentences that is spoken in one go, in tokens; longer texts are split between
    /// sentences.
    max_tokens: usize {
        own: |_| MAX_TOKENS,
        default: "50",
        command: Some("N"),
    }
    /// How fast, from 0.5 to 2, at the same pitch; pauses change with it.
    speed: Speed {
        own: |_| Speed::ONE,
        default: "1",
        command: Some("X"),
    }
    /// Tell when each word is spoken.
    words: bool {
        own: |_| false,
        default: "false",
        // There `--words` names a file.
        command: None,
    }
}

#[cfg(test)]
mod tests;
