//! A loaded bundle, and its voices.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use audio::Recording;
use bundle::Manifest;
use runtime::{Backend, Stream};
use speech::{RecordingNotice, SpeechModel, SpeechOptions, TextPiece, Voice};

use crate::cloner::{self, VoiceMaker};
use crate::components::Components;
use crate::{ScheduledTask, SpeakerError, Utterance};

/// A bundle that is ready to speak.
pub struct Speaker {
    dir: PathBuf,
    model: SpeechModel,
    pub(crate) components: Components,
    pub(crate) threads: usize,
}

/// `flow_lm` in the state after a voice prompt: the start of every chunk of text.
#[derive(Clone)]
pub struct PreparedVoice {
    pub(crate) flow_lm: Arc<dyn Stream>,
}

impl Speaker {
    /// Loads the bundle in `dir`. With 2 or more `threads` the decoder has one of its own, and all of
    /// them read texts and recordings.
    pub fn open(
        dir: &Path,
        backend: Arc<dyn Backend>,
        threads: usize,
    ) -> Result<Self, SpeakerError> {
        Self::with_manifest(dir, Manifest::read(dir)?, backend, threads)
    }

    /// [`Speaker::open`] for a bundle whose manifest is not written yet.
    pub fn with_manifest(
        dir: &Path,
        manifest: Manifest,
        backend: Arc<dyn Backend>,
        threads: usize,
    ) -> Result<Self, SpeakerError> {
        let tokenizer = read(dir, &manifest.tokenizer.file.name)?;
        let mut components = Components::load(dir, &manifest, backend)?;
        // Forks ask again; threads are started here.
        components.flow_lm.use_threads(threads);
        Ok(Self {
            dir: dir.to_owned(),
            model: SpeechModel::new(manifest, &tokenizer)?,
            components,
            threads: threads.max(1),
        })
    }

    /// The bundle's description, and its text rules.
    pub fn model(&self) -> &SpeechModel {
        &self.model
    }

    /// Whether it can tell when words are spoken: the heads are known, and the backend can watch
    /// them.
    pub fn tells_words(&self) -> bool {
        let is_known = !self.model.manifest().word_heads().is_empty();
        is_known && self.components.flow_lm.fork().watch(true).is_ok()
    }

    /// A voice of the bundle; the first one unless `name` is given.
    pub fn voice(&self, name: Option<&str>) -> Result<Voice, SpeakerError> {
        let voices = &self.model.manifest().voices;
        let found = match name {
            Some(name) => voices.iter().find(|voice| voice.name == name),
            None => voices.first(),
        };
        let entry = found.ok_or_else(|| SpeakerError::NoVoice {
            name: name.unwrap_or("at all").to_owned(),
            voices: voices.iter().map(|voice| voice.name.clone()).collect(),
        })?;
        Ok(self.model.read_voice(&read(&self.dir, &entry.file.name)?)?)
    }

    /// Puts `flow_lm` into the state of a voice.
    pub fn prepare(&self, voice: &Voice) -> Result<PreparedVoice, SpeakerError> {
        let mut flow_lm = self.components.flow_lm.fork();
        for (input, state) in voice.states() {
            flow_lm.set_state(input, state.clone())?;
        }
        flow_lm.set_position(voice.position())?;
        Ok(PreparedVoice {
            flow_lm: flow_lm.into(),
        })
    }

    /// Starts to speak `text`; [`crate::rewritten`] makes one with numbers as words.
    pub fn speak(
        &self,
        voice: &PreparedVoice,
        text: impl Into<TextPiece>,
        options: &SpeechOptions,
    ) -> Result<Utterance, SpeakerError> {
        self.say(voice, self.model.utterance(text, options)?)
    }

    /// Starts to speak an utterance of [`Speaker::model`].
    pub fn say(
        &self,
        voice: &PreparedVoice,
        utterance: speech::Generation,
    ) -> Result<Utterance, SpeakerError> {
        Utterance::start(self, voice, utterance, None)
    }

    /// [`Speaker::say`] as one of several utterances that share the cores of a [`crate::Scheduler`].
    /// Each has threads of its own.
    pub fn say_scheduled(
        &self,
        voice: &PreparedVoice,
        utterance: speech::Generation,
        task: ScheduledTask,
    ) -> Result<Utterance, SpeakerError> {
        Utterance::start(self, voice, utterance, Some(task))
    }
}

impl VoiceMaker for Speaker {
    fn clone_voice(
        &self,
        recording: &Recording,
    ) -> Result<(Voice, Vec<RecordingNotice>), SpeakerError> {
        let encoder = || Ok(self.components.mimi_encoder(self.model.manifest())?);
        let flow_lm = self.components.flow_lm.as_ref();
        cloner::clone_voice(&self.model, flow_lm, encoder, recording, self.threads)
    }

    fn read_voice(&self, file: &[u8]) -> Result<Voice, SpeakerError> {
        let encoder = || Ok(self.components.mimi_encoder(self.model.manifest())?);
        let flow_lm = self.components.flow_lm.as_ref();
        cloner::read_voice(&self.dir, &self.model, flow_lm, encoder, file, self.threads)
    }
}

pub(crate) fn read(dir: &Path, name: &str) -> Result<Vec<u8>, SpeakerError> {
    let path = dir.join(name);
    fs::read(&path).map_err(|source| SpeakerError::Read { path, source })
}
