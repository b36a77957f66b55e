//! How a model is loaded.

use std::path::Path;

use normalize::Replacements;
use speaker::{Normalization, Speaker};

use crate::backend::{Backend, usual_threads};
use crate::tts::Loaded;
use crate::{Result, Tts};

/// Sets up a [`Tts`].
///
/// ```
/// use pocket_onnx::{Backend, Normalization, Tts};
///
/// # fn main() -> pocket_onnx::Result<()> {
/// let tts = Tts::builder()
///     .backend(Backend::Engine)
///     .threads(1)
///     .normalization(Normalization::Always)
///     .pronunciations("SQL = sequel")?
///     .starling()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is loaded before `open` or `starling`"]
pub struct TtsBuilder {
    backend: Backend,
    threads: usize,
    normalization: Normalization,
    replacements: Replacements,
}

impl TtsBuilder {
    pub(crate) fn new() -> Self {
        Self {
            backend: Backend::default(),
            threads: usual_threads(),
            normalization: Normalization::default(),
            replacements: Replacements::default(),
        }
    }

    /// What runs the model; default: [`Backend::Engine`].
    pub fn backend(mut self, backend: Backend) -> Self {
        self.backend = backend;
        self
    }

    /// Threads of one utterance: with 2, the default on two cores, the decoder has one of its own, and
    /// both read the text; more read it sooner. Samples do not depend on it.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// Whether numbers, abbreviations and signs become words; default: only if the model's vocabulary
    /// has no digits.
    pub fn normalization(mut self, normalization: Normalization) -> Self {
        self.normalization = normalization;
        self
    }

    /// A pronunciation list: lines `word = spoken form`.
    pub fn pronunciations(mut self, list: &str) -> Result<Self> {
        self.replacements = Replacements::parse(list)?;
        Ok(self)
    }

    /// Loads the bundle in a folder.
    pub fn open(self, dir: impl AsRef<Path>) -> Result<Tts> {
        self.load(dir.as_ref()).map(Tts::new)
    }

    /// Loads starling, the small English model that is part of this crate.
    #[cfg(feature = "starling")]
    pub fn starling(self) -> Result<Tts> {
        let bundle = crate::starling::IncludedBundle::new()?;
        let mut loaded = self.load(bundle.path())?;
        loaded.scratch = Some(bundle.into_scratch());
        Ok(Tts::new(loaded))
    }

    fn load(self, dir: &Path) -> Result<Loaded> {
        let speaker = Speaker::open(dir, self.backend.load()?, self.threads)?;
        let model = speaker.model();
        let language = model.manifest().language.as_deref();
        let mut rules = self.normalization.rules(model.tokenizer(), language)?;
        rules.replacements = self.replacements;
        Ok(Loaded {
            speaker,
            rules,
            default: std::sync::OnceLock::new(),
            #[cfg(feature = "starling")]
            scratch: None,
        })
    }
}
