//! A voice that can speak.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use files::Destination;
use speaker::{PreparedVoice, TextSender, arriving_text, rewritten};
use speech::{RecordingNotice, SpeechError, SpeechOptions, USUAL_SILENCE, VoiceDType, VoiceForm};

use crate::{Result, Tts, Utterance};

/// A voice of a model, ready to speak. Cloning it is cheap, and it keeps the model loaded.
///
/// ```
/// # fn main() -> pocket_onnx::Result<()> {
/// let tts = pocket_onnx::Tts::starling()?;
/// let (robin, heron) = (tts.voice("robin")?, tts.voice("heron")?);
/// // Two utterances at once.
/// let other = std::thread::spawn(move || heron.speak("Me too.")?.audio());
/// let first = robin.speak("I am speaking.")?.audio()?;
/// # let other = other.join().unwrap()?;
/// # assert!(first.len() > 10_000 && other.len() > 5_000);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Voice {
    tts: Tts,
    state: VoiceState,
}

/// What a voice is, apart from its model.
#[derive(Clone)]
pub(crate) struct VoiceState {
    prepared: PreparedVoice,
    voice: Arc<speech::Voice>,
    notices: Arc<[RecordingNotice]>,
}

impl Voice {
    /// Puts the model into the state of a voice.
    pub(crate) fn prepare(
        tts: &Tts,
        voice: speech::Voice,
        notices: Vec<RecordingNotice>,
    ) -> Result<Self> {
        let state = VoiceState {
            prepared: tts.loaded().speaker.prepare(&voice)?,
            voice: Arc::new(voice),
            notices: notices.into(),
        };
        Ok(Self::new(tts, state))
    }

    pub(crate) fn new(tts: &Tts, state: VoiceState) -> Self {
        Self {
            tts: tts.clone(),
            state,
        }
    }

    pub(crate) fn state(&self) -> &VoiceState {
        &self.state
    }

    /// Starts to speak with the model's options and a fresh seed.
    pub fn speak(&self, text: impl Into<String>) -> Result<Utterance> {
        self.speak_with(text, &self.tts.options()?)
    }

    /// Starts to speak.
    pub fn speak_with(
        &self,
        text: impl Into<String>,
        options: &SpeechOptions,
    ) -> Result<Utterance> {
        let loaded = self.tts.loaded();
        let text = rewritten(text.into(), &loaded.rules);
        let utterance = (loaded.speaker).speak(&self.state.prepared, text, options)?;
        Ok(Utterance::new(&self.tts, utterance))
    }

    /// Starts to speak a text that comes piece by piece, as from a language model: each sentence is spoken
    /// once it is complete. The text ends when its [`TextSender`] is closed or dropped.
    ///
    /// ```
    /// # fn main() -> pocket_onnx::Result<()> {
    /// let tts = pocket_onnx::Tts::starling()?;
    /// let (text, utterance) = tts.default_voice()?.speak_arriving(&tts.options()?)?;
    /// std::thread::spawn(move || {
    ///     for word in ["One ", "sentence. ", "Another ", "one."] {
    ///         if text.push(word).is_err() {
    ///             return; // The utterance was dropped.
    ///         }
    ///     }
    /// });
    /// assert!(utterance.audio()?.len() > 10_000);
    /// # Ok(())
    /// # }
    /// ```
    pub fn speak_arriving(&self, options: &SpeechOptions) -> Result<(TextSender, Utterance)> {
        let loaded = self.tts.loaded();
        let speaker = &loaded.speaker;
        let (sender, source) = arriving_text(&loaded.rules, Some(USUAL_SILENCE));
        let text = speaker.model().utterance_of(source, options)?;
        let utterance = speaker.say(&self.state.prepared, text)?;
        Ok((sender, Utterance::new(&self.tts, utterance)))
    }

    /// What may make it a poor voice: a recording that is short, quiet or clipped.
    pub fn notices(&self) -> &[RecordingNotice] {
        &self.state.notices
    }

    /// Its voice file, which pocket-tts reads, too. It works with the model's weights only.
    ///
    /// ```
    /// # fn main() -> pocket_onnx::Result<()> {
    /// let tts = pocket_onnx::Tts::starling()?;
    /// let file = tts.voice("robin")?.to_bytes()?;
    /// let robin = tts.voice_from_bytes(&file)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let file = (self.state.voice).to_safetensors(VoiceForm::Current, VoiceDType::F32);
        Ok(file.map_err(SpeechError::from)?)
    }

    /// Writes its voice file: `me.safetensors`. An existing file is replaced once the new one is complete.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let output = Destination::find(path.as_ref())?;
        let file = self.to_bytes()?;
        Ok(output.open()?.finish_with(&file)?)
    }
}

impl fmt::Debug for Voice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Voice")
            .field("positions", &self.state.voice.position())
            .finish_non_exhaustive()
    }
}
