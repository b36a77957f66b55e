//! What the speech code needs from a bundle: its manifest and its tokenizer.

use std::sync::Arc;

use ::audio::Recording;
use bundle::{ComponentName, Manifest};

use crate::{
    Cloning, Generation, SpeechError, SpeechOptions, StoredPrompt, TextPiece, TextSource,
    Tokenizer, Voice,
};

/// A loaded bundle. Clones share it.
#[derive(Clone)]
pub struct SpeechModel {
    pub(crate) shared: Arc<SpeechModelParts>,
}

pub(crate) struct SpeechModelParts {
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) tokenizer: Tokenizer,
}

impl SpeechModel {
    /// From a manifest and the bytes of its tokenizer file.
    pub fn new(manifest: impl Into<Arc<Manifest>>, tokenizer: &[u8]) -> Result<Self, SpeechError> {
        let manifest = manifest.into();
        let tokenizer = match manifest.tokenizer.kind.as_str() {
            "sentencepiece" => Tokenizer::from_sentencepiece(tokenizer)?,
            _ => Tokenizer::from_json(tokenizer)?,
        };
        Ok(Self {
            shared: Arc::new(SpeechModelParts {
                manifest,
                tokenizer,
            }),
        })
    }

    /// The bundle's manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.shared.manifest
    }

    /// The vocabulary.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.shared.tokenizer
    }

    /// The options that the model recommends.
    pub fn options(&self) -> SpeechOptions {
        SpeechOptions::of(self.manifest())
    }

    /// Starts to speak `text`, rewritten or not. Refuses a text without anything to say.
    pub fn utterance(
        &self,
        text: impl Into<TextPiece>,
        options: &SpeechOptions,
    ) -> Result<Generation, SpeechError> {
        Generation::of_text(self, text.into(), options)
    }

    /// Starts to speak the text that `source` returns piece by piece. Its errors occur when it is
    /// read; [`crate::TextCheck`] finds them before.
    pub fn utterance_of(
        &self,
        source: TextSource,
        options: &SpeechOptions,
    ) -> Result<Generation, SpeechError> {
        Generation::new(self, source, options)
    }

    /// Starts to make a voice from a recording.
    pub fn prompt(&self, recording: &Recording) -> Result<Cloning, SpeechError> {
        Cloning::new(self, recording)
    }

    /// The prompt that a voice file contains instead of a state; `None` if it contains none.
    pub fn stored_prompt(&self, file: &[u8]) -> Result<Option<StoredPrompt>, SpeechError> {
        Ok(StoredPrompt::read(self, file)?)
    }

    /// Reads a voice file of either form, which must have this model's shape.
    pub fn read_voice(&self, file: &[u8]) -> Result<Voice, SpeechError> {
        let component = (self.manifest().components.get(&ComponentName::FlowLm)).ok_or(
            SpeechError::NoComponent {
                component: ComponentName::FlowLm,
            },
        )?;
        Ok(Voice::from_safetensors(file, component)?)
    }
}
