//! `manifest.json`: everything a runtime needs to know about a bundle.
//!
//! Readers accept members that they do not know, so that a new one does not break every page. Those
//! that must not be ignored are refused: see *Compatibility* in `docs/bundle.md`.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use config::{Config, GenerationOptions, Model, TextOptions, Variant, WordHead};
use filetype::{Expected, Foreign, foreign};
use serde::{Deserialize, Serialize};

use crate::{Component, ComponentName, FileEntry};

/// What `format` says.
pub const FORMAT: &str = "pocket-onnx";

/// The format version this crate reads and writes.
pub const FORMAT_VERSION: u32 = 4;

/// The names of `requires` that this crate knows: none so far.
const KNOWN: &[&str] = &[];

/// A bundle, described.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(title = "pocket-onnx bundle manifest"))]
pub struct Manifest {
    /// Always [`FORMAT`].
    pub format: String,
    /// Rises when older manifests can no longer be read.
    pub format_version: u32,
    /// What a reader has to know beyond this version, by name; a reader refuses what it does not know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<String>,
    /// Who wrote the bundle.
    pub generator: Generator,
    /// Name of the released configuration, where it is one.
    pub variant: Option<String>,
    /// Upstream's signature of the variant, where it has one.
    pub signature: Option<String>,
    /// Language the model speaks, where it is known.
    pub language: Option<String>,
    /// Set when the weights are random numbers: such a bundle makes noise, not speech.
    pub synthetic: Option<Synthetic>,
    /// Whether the encoder can turn a recording into a voice.
    pub voice_cloning: bool,
    /// Where everything came from.
    pub source: Source,
    /// ONNX operator set of the graphs.
    pub opset_version: u32,
    /// Samples per second.
    pub sample_rate: u32,
    /// Latent frames per second.
    pub frame_rate: f64,
    /// Samples per latent frame.
    pub frame_size: usize,
    /// Options of the model's shape.
    pub model: Model,
    /// Options of text preparation.
    pub text: TextOptions,
    /// Options of sampling.
    pub generation: GenerationOptions,
    /// Heads of `flow_lm` that tell when words are spoken, where the variant does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word_heads: Option<Vec<WordHead>>,
    /// Tokenizer.
    pub tokenizer: TokenizerEntry,
    /// Graphs by name.
    pub components: BTreeMap<ComponentName, Component>,
    /// Voices that are ready to speak; the first is the one to use unless asked otherwise.
    #[serde(default)]
    pub voices: Vec<VoiceEntry>,
}

/// Who wrote a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Generator {
    /// Program.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// Marks random weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Synthetic {
    /// Seed of the random numbers.
    pub seed: u64,
}

/// Where a bundle came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Source {
    /// The YAML file of a custom model.
    pub config: Option<SourceFile>,
    /// Weights: one file, or one for the backbone and one for the codec; none when synthetic.
    pub weights: Vec<SourceFile>,
    /// LoRA adapter that was merged into the weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter: Option<SourceFile>,
    /// Tokenizer; none when it is the vocabulary of 4,000 pieces that the program includes for
    /// synthetic bundles.
    pub tokenizer: Option<SourceFile>,
}

/// A file that went into a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SourceFile {
    /// Location as the configuration or the user gave it (`hf://`, `https://` or a path's last part).
    pub location: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256, in lower-case hexadecimal.
    pub sha256: String,
}

/// The tokenizer of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TokenizerEntry {
    /// The library that pocket-tts reads it with: `tokenizers` or `sentencepiece`.
    pub kind: String,
    /// Pieces.
    pub vocabulary: usize,
    /// The file.
    pub file: FileEntry,
}

/// A voice of a bundle: the state of `flow_lm` after a voice prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VoiceEntry {
    /// What it is called.
    pub name: String,
    /// Rows of the KV cache.
    pub positions: usize,
    /// A voice file of pocket-tts, trimmed to its positions, f16.
    pub file: FileEntry,
}

impl VoiceEntry {
    /// Name of the file that holds the voice `name`.
    pub fn file_name(name: &str) -> String {
        format!("voice.{name}.safetensors")
    }

    /// The voice whose file has that name.
    pub fn name_of(file_name: &str) -> Option<&str> {
        let name = file_name
            .strip_prefix("voice.")?
            .strip_suffix(".safetensors")?;
        Some(name).filter(|name| !name.is_empty())
    }
}

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// A file was named in place of a folder.
    #[error("{path} is a file: name the folder of the bundle")]
    NotAFolder {
        /// The file.
        path: PathBuf,
    },
    /// It is not there or cannot be read.
    #[error(
        "{path}: no bundle here (cannot read manifest.json); `pocket-onnx convert` makes one, and \
         --bundle names another folder"
    )]
    Read {
        /// The bundle's folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A conversion into the folder is not done.
    #[error(
        "{path}: no bundle here yet: a conversion is at work, or was killed and has to be run again"
    )]
    Unfinished {
        /// The bundle's folder.
        path: PathBuf,
    },
    /// It is not a manifest of this format.
    #[error("{path}: not a bundle manifest")]
    Parse {
        /// The manifest.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// It is another file.
    #[error("{} {foreign}", path.display())]
    Foreign {
        /// The manifest.
        path: PathBuf,
        /// What it is.
        foreign: Foreign,
    },
    /// It needs more than this crate knows.
    #[error(
        "{path}: the bundle requires {}, which this program does not know: update the program, or \
         convert the model again with this one",
        names.join(", ")
    )]
    Requires {
        /// The manifest.
        path: PathBuf,
        /// What is not known.
        names: Vec<String>,
    },
    /// It is of another format or of another version.
    #[error(
        "{path}: format {format} version {version} where this program reads {FORMAT} version \
         {FORMAT_VERSION}: convert the model again, or use the program that made the bundle"
    )]
    Version {
        /// The manifest.
        path: PathBuf,
        /// Its format.
        format: String,
        /// Its version.
        version: u32,
    },
    /// It names a file that may be outside the bundle's folder.
    #[error("{path}: {name:?} is not the name of a file in the bundle's folder")]
    FileName {
        /// The manifest.
        path: PathBuf,
        /// The name.
        name: String,
    },
}

/// The part of a manifest that every version has.
#[derive(Deserialize)]
struct ManifestHeader {
    format: String,
    format_version: u32,
    #[serde(default)]
    requires: Vec<String>,
}

impl Manifest {
    /// The model's configuration, as far as it is known: without the places it came from.
    pub fn config(&self) -> Config {
        let Self {
            model,
            text,
            generation,
            ..
        } = self;
        Config {
            flow_lm: model.flow_lm.clone(),
            mimi: model.mimi.clone(),
            weights_path: None,
            weights_path_without_voice_cloning: None,
            pad_with_spaces_for_short_inputs: text.pad_with_spaces_for_short_inputs,
            remove_semicolons: text.remove_semicolons,
            append_terminal_punctuation: text.append_terminal_punctuation,
            capitalize_first_letter: text.capitalize_first_letter,
            replace_characters: text.replace_characters.clone(),
            model_recommended_frames_after_eos: generation.model_recommended_frames_after_eos,
            default_temperature: generation.default_temperature,
            default_eos_threshold: generation.default_eos_threshold,
            timestamp_heads: None,
        }
    }

    /// Whether the model may speak in the voice of any recording, as far as is known.
    pub fn clones(&self) -> bool {
        self.known_variant().is_none_or(Variant::clones)
    }

    /// The heads of `flow_lm` that tell when words are spoken; none if they are not known.
    pub fn word_heads(&self) -> &[WordHead] {
        match &self.word_heads {
            Some(heads) => heads,
            None => (self.known_variant()).map_or(&[], Variant::word_heads),
        }
    }

    fn known_variant(&self) -> Option<&'static Variant> {
        Variant::find(self.variant.as_deref()?).ok()
    }

    /// File name inside the bundle.
    pub const FILE: &'static str = "manifest.json";

    /// Staging folder inside the bundle's folder, used when none can be made beside that folder.
    pub const STAGING: &'static str = ".bundle.partial";

    /// Reads the manifest of the bundle in `dir`.
    pub fn read(dir: &Path) -> Result<Self, ManifestError> {
        let path = dir.join(Self::FILE);
        let text = std::fs::read_to_string(&path).map_err(|source| {
            let path = dir.to_owned();
            if dir.join(Self::STAGING).is_dir() {
                ManifestError::Unfinished { path }
            } else if dir.is_file() {
                ManifestError::NotAFolder { path }
            } else {
                ManifestError::Read { path, source }
            }
        })?;
        Self::from_json(&text, &path)
    }

    /// Parses the text of a manifest, which lies at `path`.
    pub fn from_json(text: &str, path: &Path) -> Result<Self, ManifestError> {
        if let Some(foreign) = foreign(text.as_bytes(), Expected::Manifest) {
            return Err(ManifestError::Foreign {
                path: path.to_owned(),
                foreign,
            });
        }
        let parse = |source| ManifestError::Parse {
            path: path.to_owned(),
            source,
        };
        // The version comes first: a later format may not parse as this one.
        let ManifestHeader {
            format,
            format_version: version,
            requires,
        } = serde_json::from_str(text).map_err(parse)?;
        if format != FORMAT || version != FORMAT_VERSION {
            return Err(ManifestError::Version {
                path: path.to_owned(),
                format,
                version,
            });
        }
        let unknown: Vec<_> = (requires.into_iter())
            .filter(|name| !KNOWN.contains(&name.as_str()))
            .collect();
        if !unknown.is_empty() {
            return Err(ManifestError::Requires {
                path: path.to_owned(),
                names: unknown,
            });
        }
        let manifest: Self = serde_json::from_str(text).map_err(parse)?;
        let outside = manifest.files().find(|file| !file.is_in_folder());
        if let Some(file) = outside {
            return Err(ManifestError::FileName {
                path: path.to_owned(),
                name: file.name.clone(),
            });
        }
        Ok(manifest)
    }

    /// The manifest as the text of its file.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }

    /// The JSON Schema of the format.
    #[cfg(feature = "schema")]
    pub fn schema() -> schemars::Schema {
        schemars::schema_for!(Self)
    }

    /// Every file of the bundle but the manifest.
    pub fn files(&self) -> impl Iterator<Item = &FileEntry> {
        self.components
            .values()
            .flat_map(|c| [&c.graph, &c.data])
            .chain([&self.tokenizer.file])
            .chain(self.voices.iter().map(|voice| &voice.file))
    }
}
