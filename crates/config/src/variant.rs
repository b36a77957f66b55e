//! The released variants: names, locations and shapes, as pocket-tts 4.0.1 ships them.

mod language;
mod shape;
mod table;
mod text;

use thiserror::Error;

use crate::{Config, PredefinedVoice};
pub use language::Language;
use shape::Shape;
use text::TextStyle;

/// Repository of the gated checkpoints, which can clone voices.
const GATED_REPOSITORY: &str = "hf://kyutai/pocket-tts";
/// Repository of the open checkpoints, the tokenizers and the predefined voices.
const OPEN_REPOSITORY: &str = "hf://kyutai/pocket-tts-without-voice-cloning";
/// Revision of the open repository that holds the predefined voices of every variant.
const VOICES_REVISION: &str = "a7056f505a4a8ca72d8b5fb1440071d6f1a35739";

/// One released model: a row of the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Its name, which is also its folder in the repositories.
    pub name: &'static str,
    /// Signature of its training run, where upstream tells it.
    pub signature: Option<&'static str>,
    /// What it speaks.
    pub language: Language,
    shape: Shape,
    text: TextStyle,
    gated_revision: &'static str,
    open_revision: &'static str,
    /// Path of the tokenizer in the open repository.
    tokenizer: &'static str,
    tokenizer_revision: &'static str,
}

impl Variant {
    /// Name of the variant to take when the caller names none.
    pub const DEFAULT: &'static str = "english_2026-01";

    /// Every released variant: English by age, then the other languages.
    pub fn all() -> &'static [Self] {
        &table::ALL
    }

    /// The variant of that name or signature.
    pub fn find(name_or_signature: &str) -> Result<&'static Self, UnknownVariant> {
        Self::all()
            .iter()
            .find(|variant| {
                variant.name == name_or_signature || variant.signature == Some(name_or_signature)
            })
            .ok_or_else(|| UnknownVariant::new(name_or_signature))
    }

    /// Its configuration, equal to the YAML file that upstream ships.
    pub fn config(&self) -> Config {
        let name = self.name;
        let location = |repository: &str, revision: &str| {
            Some(format!(
                "{repository}/languages/{name}/model.safetensors@{revision}"
            ))
        };
        let tokenizer_path = format!(
            "{OPEN_REPOSITORY}/{}@{}",
            self.tokenizer, self.tokenizer_revision
        );
        let text = self.text.options();
        Config {
            flow_lm: self.shape.flow_lm(tokenizer_path),
            mimi: self.shape.mimi(),
            weights_path: location(GATED_REPOSITORY, self.gated_revision),
            weights_path_without_voice_cloning: location(OPEN_REPOSITORY, self.open_revision),
            pad_with_spaces_for_short_inputs: text.pad_with_spaces_for_short_inputs,
            remove_semicolons: text.remove_semicolons,
            append_terminal_punctuation: text.append_terminal_punctuation,
            capitalize_first_letter: text.capitalize_first_letter,
            replace_characters: text.replace_characters,
            model_recommended_frames_after_eos: None,
            default_temperature: 0.3,
            default_eos_threshold: self.shape.eos_threshold(),
        }
    }

    /// Layers of the backbone.
    pub fn layers(&self) -> usize {
        self.config().flow_lm.transformer.num_layers
    }

    /// Values of the checkpoint, the encoder's included.
    pub fn parameters(&self) -> u64 {
        self.config().parameters()
    }

    /// Bytes of the published checkpoint.
    pub fn download_size(&self) -> u64 {
        self.config().download_size()
    }

    /// Name of the predefined voice to speak with when the caller names none.
    pub fn default_voice(&self) -> &'static str {
        self.language.default_voice()
    }

    /// Text to speak when the caller gives none.
    pub fn default_text(&self) -> &'static str {
        self.language.default_text()
    }

    /// The voices it knows by name.
    pub fn voices(&self) -> &'static [PredefinedVoice] {
        PredefinedVoice::all()
    }

    /// Location of the state that the predefined voice `name` has in this variant; whether
    /// there is such a voice, [`PredefinedVoice::find`] tells.
    pub fn predefined_voice_location(&self, name: &str) -> String {
        format!(
            "{OPEN_REPOSITORY}/languages/{}/embeddings/{name}.safetensors@{VOICES_REVISION}",
            self.name
        )
    }
}

/// No released variant has this name or signature.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "no released variant is called {name:?}; the nearest are {}; `pocket-onnx variants` lists all",
    nearest.join(", ")
)]
pub struct UnknownVariant {
    /// What was asked for.
    pub name: String,
    /// Names of the most similar variants, best first.
    pub nearest: Vec<&'static str>,
}

impl UnknownVariant {
    /// How many names to offer.
    const OFFERED: usize = 3;

    fn new(name: &str) -> Self {
        let typed = name.to_lowercase();
        let mut names: Vec<_> = Variant::all()
            .iter()
            .map(|variant| {
                let likeness = |name| strsim::jaro_winkler(&typed, name);
                let signature = variant.signature.map_or(0.0, likeness);
                (likeness(variant.name).max(signature), variant.name)
            })
            .collect();
        names.sort_by(|(left, _), (right, _)| right.total_cmp(left));
        names.truncate(Self::OFFERED);
        Self {
            name: name.to_owned(),
            nearest: names.into_iter().map(|(_, name)| name).collect(),
        }
    }
}
