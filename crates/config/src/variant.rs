//! Models that are known by name: the released ones with names, locations and shapes as
//! pocket-tts 4.0.1 ships them, and the one that the program includes.

mod included;
mod language;
mod shape;
mod table;
mod text;

use thiserror::Error;

use crate::{Config, PredefinedVoice};
use included::Included;
pub use language::VariantLanguage;
use shape::ReleasedShape;
use text::TextStyle;

/// Repository of the gated checkpoints, which can clone voices.
const GATED_REPOSITORY: &str = "hf://kyutai/pocket-tts";
/// Repository of the open checkpoints, the tokenizers and the predefined voices.
const OPEN_REPOSITORY: &str = "hf://kyutai/pocket-tts-without-voice-cloning";
/// Revision of the open repository that holds the predefined voices of every variant.
const VOICES_REVISION: &str = "a7056f505a4a8ca72d8b5fb1440071d6f1a35739";

/// A model that is known by name: a row of the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Its name; of a released model also its folder in the repositories.
    pub name: &'static str,
    /// Signature of its training run, if upstream gives one.
    pub signature: Option<&'static str>,
    /// What it speaks.
    pub language: VariantLanguage,
    origin: VariantSource,
}

/// Who made a model, and where its files are.
#[derive(Clone, Debug, PartialEq, Eq)]
enum VariantSource {
    /// Kyutai, who publishes it on the hub.
    Released(Release),
    /// This project: the program includes its files.
    Included(Included),
}

/// What a released model is built like, and where on the hub it is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Release {
    shape: ReleasedShape,
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

    /// Name of the variant whose files the program includes: small, for demonstration.
    pub const INCLUDED: &'static str = "starling";

    /// Every variant: the released ones (English by age, then the other languages), and last
    /// the included one.
    pub fn all() -> &'static [Self] {
        table::ALL
    }

    /// The variants that Kyutai has released.
    pub fn released() -> impl Iterator<Item = &'static Self> {
        Self::all().iter().filter(|variant| !variant.is_included())
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

    /// Whether the program includes its files, so that nothing has to be fetched.
    pub fn is_included(&self) -> bool {
        matches!(self.origin, VariantSource::Included(_))
    }

    /// Whether it has learned to speak in the voice of any recording, where the weights have an encoder for it.
    pub fn clones(&self) -> bool {
        !self.is_included()
    }

    /// Its configuration, equal to the YAML file that pocket-tts ships. That of an included
    /// model names no files.
    pub fn config(&self) -> Config {
        let release = match &self.origin {
            VariantSource::Released(release) => release,
            VariantSource::Included(included) => return included.config().clone(),
        };
        let name = self.name;
        let location = |repository: &str, revision: &str| {
            Some(format!(
                "{repository}/languages/{name}/model.safetensors@{revision}"
            ))
        };
        let tokenizer_path = format!(
            "{OPEN_REPOSITORY}/{}@{}",
            release.tokenizer, release.tokenizer_revision
        );
        let text = release.text.options();
        Config {
            flow_lm: release.shape.flow_lm(tokenizer_path),
            mimi: release.shape.mimi(),
            weights_path: location(GATED_REPOSITORY, release.gated_revision),
            weights_path_without_voice_cloning: location(OPEN_REPOSITORY, release.open_revision),
            pad_with_spaces_for_short_inputs: text.pad_with_spaces_for_short_inputs,
            remove_semicolons: text.remove_semicolons,
            append_terminal_punctuation: text.append_terminal_punctuation,
            capitalize_first_letter: text.capitalize_first_letter,
            replace_characters: text.replace_characters,
            model_recommended_frames_after_eos: None,
            default_temperature: 0.3,
            default_eos_threshold: release.shape.eos_threshold(),
            timestamp_heads: None,
        }
    }

    /// Layers of the backbone.
    pub fn layers(&self) -> usize {
        self.config().flow_lm.transformer.num_layers
    }

    /// Values of the checkpoint, the encoder's included.
    pub fn value_count(&self) -> u64 {
        self.config().value_count()
    }

    /// Bytes of the published checkpoint; of an included model, of its included checkpoint.
    pub fn download_size(&self) -> u64 {
        self.config().download_size()
    }

    /// Name of the predefined voice to speak with when the caller names none.
    pub fn default_voice(&self) -> &'static str {
        match &self.origin {
            VariantSource::Released(_) => self.language.default_voice(),
            VariantSource::Included(included) => included.default_voice(),
        }
    }

    /// Text to speak when the caller gives none.
    pub fn default_text(&self) -> &'static str {
        match &self.origin {
            VariantSource::Released(_) => self.language.default_text(),
            VariantSource::Included(included) => included.default_text(),
        }
    }

    /// The voices it knows by name.
    pub fn voices(&self) -> &'static [PredefinedVoice] {
        match &self.origin {
            VariantSource::Released(_) => PredefinedVoice::all(),
            VariantSource::Included(included) => included.voices(),
        }
    }

    /// Location of the state that the predefined voice `name` has in this variant; whether
    /// there is such a voice, [`Variant::voices`] tells. None for an included model, whose voices
    /// are made from recordings that the program includes.
    pub fn predefined_voice_location(&self, name: &str) -> Option<String> {
        match &self.origin {
            VariantSource::Released(_) => Some(format!(
                "{OPEN_REPOSITORY}/languages/{}/embeddings/{name}.safetensors@{VOICES_REVISION}",
                self.name
            )),
            VariantSource::Included(_) => None,
        }
    }
}

/// No variant has this name or signature.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "no variant is called {name:?}; the nearest are {}; `pocket-onnx variants` lists all",
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
