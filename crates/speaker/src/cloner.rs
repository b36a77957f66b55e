//! Voices from recordings, and from prompts in files.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use audio::Recording;
use bundle::{ComponentName, Manifest};
use runtime::{Backend, Stream};
use speech::{Cloning, RecordingNotice, SpeechError, SpeechModel, Voice};

use crate::SpeakerError;
use crate::speaker::read;

/// Makes voices from recordings and from files.
pub trait VoiceMaker {
    /// Makes a voice from a recording, and returns notices for the user. Only the first
    /// [`speech::LONGEST_PROMPT`] seconds are used.
    fn clone_voice(
        &self,
        recording: &Recording,
    ) -> Result<(Voice, Vec<RecordingNotice>), SpeakerError>;

    /// Reads a voice file: a state of `flow_lm`, or a prompt, from which a state is made. Only the
    /// first [`speech::LONGEST_PROMPT`] seconds of a prompt are used.
    fn read_voice(&self, file: &[u8]) -> Result<Voice, SpeakerError>;
}

/// The part of a bundle that makes voices: `flow_lm` and `mimi_encoder`. Other components may be
/// missing.
pub struct Cloner {
    dir: PathBuf,
    model: SpeechModel,
    flow_lm: Box<dyn Stream>,
    /// Loaded when it is first needed.
    mimi_encoder: OnceLock<Box<dyn Stream>>,
    backend: Arc<dyn Backend>,
    threads: usize,
}

impl Cloner {
    /// Loads `flow_lm` of the bundle in `dir`, whose manifest may not be written yet. Voices are made
    /// with up to `threads` threads.
    pub fn with_manifest(
        dir: &Path,
        manifest: Manifest,
        backend: Arc<dyn Backend>,
        threads: usize,
    ) -> Result<Self, SpeakerError> {
        let tokenizer = read(dir, &manifest.tokenizer.file.name)?;
        let flow_lm = backend.load(dir, &manifest, ComponentName::FlowLm)?;
        Ok(Self {
            dir: dir.to_owned(),
            model: SpeechModel::new(manifest, &tokenizer)?,
            flow_lm,
            mimi_encoder: OnceLock::new(),
            backend,
            threads,
        })
    }

    fn encoder(&self) -> Result<&dyn Stream, SpeakerError> {
        if let Some(encoder) = self.mimi_encoder.get() {
            return Ok(encoder.as_ref());
        }
        let manifest = self.model.manifest();
        let encoder = (self.backend).load(&self.dir, manifest, ComponentName::MimiEncoder)?;
        Ok(self.mimi_encoder.get_or_init(|| encoder).as_ref())
    }
}

impl VoiceMaker for Cloner {
    fn clone_voice(
        &self,
        recording: &Recording,
    ) -> Result<(Voice, Vec<RecordingNotice>), SpeakerError> {
        let flow_lm = self.flow_lm.as_ref();
        let encoder = || self.encoder();
        clone_voice(&self.model, flow_lm, encoder, recording, self.threads)
    }

    fn read_voice(&self, file: &[u8]) -> Result<Voice, SpeakerError> {
        let flow_lm = self.flow_lm.as_ref();
        let encoder = || self.encoder();
        read_voice(&self.dir, &self.model, flow_lm, encoder, file, self.threads)
    }
}

/// Makes a voice from a recording.
pub(crate) fn clone_voice<'a>(
    model: &SpeechModel,
    flow_lm: &dyn Stream,
    encoder: impl Fn() -> Result<&'a dyn Stream, SpeakerError>,
    recording: &Recording,
    threads: usize,
) -> Result<(Voice, Vec<RecordingNotice>), SpeakerError> {
    let cloning = model.prompt(recording)?;
    let notices = cloning.notices().to_vec();
    Ok((make(flow_lm, encoder, cloning, threads)?, notices))
}

/// Reads a voice file; if it contains a prompt, the voice is made from that.
pub(crate) fn read_voice<'a>(
    dir: &Path,
    model: &SpeechModel,
    flow_lm: &dyn Stream,
    encoder: impl Fn() -> Result<&'a dyn Stream, SpeakerError>,
    file: &[u8],
    threads: usize,
) -> Result<Voice, SpeakerError> {
    let Some(stored) = model.stored_prompt(file)? else {
        return Ok(model.read_voice(file)?);
    };
    let components = &model.manifest().components;
    let weights = (components.get(&ComponentName::MimiEncoder))
        .filter(|_| stored.needs_encoder())
        .map(|component| read(dir, &component.data.name))
        .transpose()?;
    let cloning = stored.prompt(weights.as_deref())?;
    make(flow_lm, encoder, cloning, threads)
}

/// Runs all calls that make the voice, with so many threads.
fn make<'a>(
    flow_lm: &dyn Stream,
    encoder: impl Fn() -> Result<&'a dyn Stream, SpeakerError>,
    mut cloning: Cloning,
    threads: usize,
) -> Result<Voice, SpeakerError> {
    let mut flow_lm = flow_lm.fork();
    flow_lm.use_threads(threads);
    while let Some(call) = cloning.next_call()? {
        let outputs = if call.component == ComponentName::MimiEncoder {
            let mut encoder = encoder()?.fork();
            encoder.use_threads(threads);
            encoder.run(&call.views())?
        } else {
            flow_lm.run(&call.views())?
        };
        cloning.supply(outputs)?;
    }
    let position = flow_lm.position().unwrap_or(0);
    let states = flow_lm.component().states.iter();
    let states = states.map(|state| Ok((state.input.clone(), flow_lm.state(&state.input)?)));
    let states = states.collect::<Result<Vec<_>, SpeakerError>>()?;
    let voice = Voice::from_states(flow_lm.component(), states, position);
    Ok(voice.map_err(SpeechError::from)?)
}
