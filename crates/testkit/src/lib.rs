//! What the tests of several crates share: small models, files made by hand, a hub.
//!
//! 1. Each of the [`SMALL_MODELS`] is a configuration, a checkpoint, and records of what pocket-tts
//!    computes for it, in `fixtures/`; together they use every option of a configuration. A
//!    bundle is made anew for every test that asks, so that the test may damage it.
//! 2. The [`VOCABULARIES`] have the forms that tokenizers are published in; [`lines`] are hard
//!    to tokenize.
//! 3. [`tensors`] are safetensors files as tests want them, [`training_layout`] the names that
//!    trainers give, [`training`] a folder of what they leave behind.
//! 4. [`hub`] is a model hub on the loopback interface.
//! 5. [`reference`] has the maths of the model in plain loops.

mod bundle;
pub mod hub;
mod lines;
pub mod reference;
pub mod tensors;
pub mod training_layout;
mod vocabulary;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use ::checkpoint::TokenizerKind;
use config::Config;

pub use self::bundle::{Bundle, BundleRecipe, FixtureError, bundle, bundle_in};
pub use self::lines::{LINES, lines};
pub use self::vocabulary::{VOCABULARIES, VocabularyCase, cases, vocabulary};

/// The small models: the files of `fixtures/configs`.
pub const SMALL_MODELS: [&str; 5] = [
    "tiny_2026-01",
    "tiny_2m",
    "tiny_drifting_french",
    "tiny_english",
    "tiny_flow_matching",
];

/// The file of the configuration of the model `name`.
pub fn config_file(name: &str) -> PathBuf {
    root().join("configs").join(format!("{name}.yaml"))
}

/// The configuration of the model `name`.
pub fn config(name: &str) -> Result<Config, FixtureError> {
    let path = config_file(name);
    let text =
        std::fs::read_to_string(&path).map_err(|source| FixtureError::Io { path, source })?;
    Ok(Config::from_yaml(&text)?)
}

/// The checkpoint of the model `name`, one safetensors file.
pub fn checkpoint(name: &str) -> PathBuf {
    root()
        .join("checkpoints")
        .join(name)
        .join("model.safetensors")
}

/// The kind of vocabulary that the model `name` asks for.
pub fn tokenizer(name: &str) -> Result<TokenizerKind, FixtureError> {
    Ok(tokenizer_of(&config(name)?))
}

fn tokenizer_of(config: &Config) -> TokenizerKind {
    let table = &config.flow_lm.lookup_table;
    let location = table.tokenizer_path.as_deref().unwrap_or_default();
    TokenizerKind::resolve(&table.tokenizer, location)
}

/// The shipped vocabulary of this kind, which the small models use: their vocabularies have its size.
pub fn tokenizer_file(kind: TokenizerKind) -> PathBuf {
    assets().join(kind.file_name())
}

/// The folder of what trainers leave behind for the model `tiny_2m`.
pub fn training() -> PathBuf {
    root().join("training")
}

/// The folder of what pocket-tts computes for the model `name`.
pub fn records(name: &str) -> PathBuf {
    root().join("records").join(name)
}

/// The contents of `path`, of which a compressed copy, `path.gz`, is kept.
pub fn unpacked(path: &Path) -> Result<Vec<u8>, FixtureError> {
    let mut packed = path.as_os_str().to_owned();
    packed.push(".gz");
    let read = || {
        let mut bytes = Vec::new();
        let packed = std::fs::File::open(&packed)?;
        flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|source| FixtureError::Io {
        path: packed.into(),
        source,
    })
}

fn assets() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../checkpoint/assets"))
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Names of files and folders in a folder of the fixtures, without endings of files.
    fn listed(folder: &str) -> BTreeSet<String> {
        let entries = std::fs::read_dir(root().join(folder)).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| {
                let model = name.strip_suffix(".yaml").unwrap_or(&name);
                model.starts_with("tiny_").then(|| model.to_owned())
            })
            .collect()
    }

    #[test]
    fn every_model_has_its_files_and_no_file_lacks_a_model() {
        let names = BTreeSet::from(SMALL_MODELS.map(String::from));
        for folder in ["configs", "checkpoints", "records"] {
            assert_eq!(listed(folder), names, "{folder}");
        }
    }

    #[test]
    fn both_kinds_of_vocabulary_are_asked_for() {
        let kinds = SMALL_MODELS.map(|name| tokenizer(name).unwrap());
        for kind in [TokenizerKind::Json, TokenizerKind::SentencePiece] {
            assert!(kinds.contains(&kind), "{kind:?}");
            assert!(tokenizer_file(kind).is_file(), "{kind:?}");
        }
    }
}
