//! A loaded model.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use bundle::Manifest;
use normalize::Rules;
use speaker::{Speaker, fresh_seed};
use speech::SpeechOptions;

use crate::voice::VoiceState;
use crate::{Error, Result, TtsBuilder, Utterance, Voice};

/// A loaded model, ready to speak.
///
/// Loading is the expensive part: open a model once, and clone the handle, which costs nothing. Every
/// utterance has a state of its own, so several can be spoken at once, from any threads.
///
/// ```
/// use pocket_onnx::Tts;
///
/// # fn main() -> pocket_onnx::Result<()> {
/// let tts = Tts::starling()?;
/// for chunk in tts.speak("Hello world.")? {
///     let chunk = chunk?;
///     println!("{} samples", chunk.audio.len());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Tts {
    loaded: Arc<Loaded>,
}

/// What all handles of a model share.
pub(crate) struct Loaded {
    pub(crate) speaker: Speaker,
    pub(crate) rules: Rules,
    /// The voice of [`Tts::speak`], once it was needed.
    pub(crate) default: OnceLock<VoiceState>,
    /// The folder of a bundle that is deleted with the model.
    #[cfg(feature = "starling")]
    pub(crate) scratch: Option<crate::scratch::ScratchFolder>,
}

impl Tts {
    /// Loads the bundle in a folder, with the engine.
    ///
    /// ```no_run
    /// # fn main() -> pocket_onnx::Result<()> {
    /// let tts = pocket_onnx::Tts::open("browser/models")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn open(dir: impl AsRef<Path>) -> Result<Self> {
        Self::builder().open(dir)
    }

    /// Loads starling, the small English model that is part of this crate. It is made for demonstration:
    /// Kyutai's models speak far better.
    #[cfg(feature = "starling")]
    pub fn starling() -> Result<Self> {
        Self::builder().starling()
    }

    /// Sets up how a model is loaded: backend, threads, numbers in words, pronunciations.
    pub fn builder() -> TtsBuilder {
        TtsBuilder::new()
    }

    pub(crate) fn new(loaded: Loaded) -> Self {
        Self {
            loaded: Arc::new(loaded),
        }
    }

    /// The names of the bundle's voices; the first is the one of [`Tts::speak`].
    ///
    /// ```
    /// # fn main() -> pocket_onnx::Result<()> {
    /// let tts = pocket_onnx::Tts::starling()?;
    /// assert!(tts.voices().eq(["robin", "heron"]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn voices(&self) -> impl Iterator<Item = &str> {
        self.manifest().voices.iter().map(|voice| &voice.name[..])
    }

    /// A voice of the bundle. With the feature `voice` also a predefined voice of the model, which is
    /// downloaded, a voice file or a recording, by path or location.
    ///
    /// ```
    /// # fn main() -> pocket_onnx::Result<()> {
    /// let tts = pocket_onnx::Tts::starling()?;
    /// let heron = tts.voice("heron")?;
    /// let audio = heron.speak("Good evening.")?.audio()?;
    /// # assert!(audio.len() > 10_000);
    /// # Ok(())
    /// # }
    /// ```
    pub fn voice(&self, name: &str) -> Result<Voice> {
        #[cfg(feature = "voice")]
        {
            use crate::voices::{VoiceProblem, VoiceSource, is_standard_input};

            if is_standard_input(name) {
                return Err(VoiceProblem::Unknown {
                    name: name.to_owned(),
                    nearest: String::new(),
                }
                .into());
            }
            let speaker = &self.loaded.speaker;
            let source = VoiceSource::find(name, self.manifest(), &crate::Silent)?;
            let chosen = source.voice(speaker, &crate::Silent)?;
            Voice::prepare(self, chosen.voice, chosen.notices)
        }
        #[cfg(not(feature = "voice"))]
        {
            let voice = self.loaded.speaker.voice(Some(name))?;
            Voice::prepare(self, voice, Vec::new())
        }
    }

    /// A voice from the bytes of a voice file, as [`Voice::to_bytes`] writes and pocket-tts reads them.
    pub fn voice_from_bytes(&self, file: &[u8]) -> Result<Voice> {
        use speaker::VoiceMaker as _;

        let voice = self.loaded.speaker.read_voice(file)?;
        Voice::prepare(self, voice, Vec::new())
    }

    /// The bundle's first voice, or the predefined one of its language.
    pub fn default_voice(&self) -> Result<Voice> {
        if let Some(state) = self.loaded.default.get() {
            return Ok(Voice::new(self, state.clone()));
        }
        #[cfg(feature = "voice")]
        let voice = {
            let chosen = crate::voices::resolve(&self.loaded.speaker, None, &crate::Silent)?;
            Voice::prepare(self, chosen.voice, chosen.notices)?
        };
        #[cfg(not(feature = "voice"))]
        let voice = Voice::prepare(self, self.loaded.speaker.voice(None)?, Vec::new())?;
        // Another thread may have been first, with the same state.
        self.loaded.default.get_or_init(|| voice.state().clone());
        Ok(voice)
    }

    /// Starts to speak with the default voice, the model's options and a fresh seed.
    pub fn speak(&self, text: impl Into<String>) -> Result<Utterance> {
        self.default_voice()?.speak(text)
    }

    /// Starts to speak with the default voice.
    ///
    /// ```
    /// # fn main() -> pocket_onnx::Result<()> {
    /// let tts = pocket_onnx::Tts::starling()?;
    /// let mut options = tts.options()?;
    /// options.seed = 7;
    /// options.words = true;
    /// for chunk in tts.speak_with("Hello world.", &options)? {
    ///     for word in chunk?.words {
    ///         println!("{:.2} s: {}", word.start, word.text);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn speak_with(
        &self,
        text: impl Into<String>,
        options: &SpeechOptions,
    ) -> Result<Utterance> {
        self.default_voice()?.speak_with(text, options)
    }

    /// The options that the model recommends, with a fresh seed.
    pub fn options(&self) -> Result<SpeechOptions> {
        let mut options = self.loaded.speaker.model().options();
        options.seed = fresh_seed().map_err(|_| Error::NoSeed)?;
        Ok(options)
    }

    /// Samples per second.
    pub fn sample_rate(&self) -> u32 {
        self.manifest().sample_rate
    }

    /// Whether it can tell when words are spoken ([`SpeechOptions::words`]).
    pub fn tells_words(&self) -> bool {
        self.loaded.speaker.tells_words()
    }

    /// The bundle's description.
    pub fn manifest(&self) -> &Manifest {
        self.loaded.speaker.model().manifest()
    }

    pub(crate) fn loaded(&self) -> &Loaded {
        &self.loaded
    }
}

impl fmt::Debug for Tts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tts")
            .field("variant", &self.manifest().variant)
            .finish_non_exhaustive()
    }
}
