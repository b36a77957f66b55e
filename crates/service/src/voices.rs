//! Models and their voices, by name.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use speaker::{PreparedVoice, Speaker, SpeakerError};

use crate::names::{is_openai_model, stand_in};

/// Loads the bundle in a folder.
type LoadSpeaker = Box<dyn Fn(&Path) -> Result<Speaker, SpeakerError> + Send + Sync>;

/// A model that requests can name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelEntry {
    /// Its name in requests.
    pub name: String,
    /// Folder of the bundle.
    pub dir: PathBuf,
    /// Its language, if known.
    pub language: Option<String>,
    /// Names of its voices; the first one is the default.
    pub voices: Vec<String>,
}

/// All models. They are loaded on request, and stay loaded.
pub struct Voices {
    models: Vec<LoadedModel>,
    /// Other names of voices.
    aliases: BTreeMap<String, String>,
    load: LoadSpeaker,
    is_warm: AtomicBool,
}

struct LoadedModel {
    entry: ModelEntry,
    speaker: OnceLock<Arc<Speaker>>,
    /// One request loads it; others for it wait.
    loading: Mutex<()>,
    prepared: Mutex<BTreeMap<String, PreparedVoice>>,
}

/// What speaks.
#[derive(Clone)]
pub struct Chosen {
    /// The model.
    pub speaker: Arc<Speaker>,
    /// The voice, prepared.
    pub voice: PreparedVoice,
    /// The model's name in requests.
    pub model: String,
    /// The voice's name in the model.
    pub name: String,
}

/// Why a voice is not available.
#[derive(Debug, thiserror::Error)]
pub enum VoiceError {
    /// Neither a model here nor one of OpenAI's names.
    #[error("there is no model {name:?} here: there {}", list(.models))]
    NoModel {
        /// What was asked for.
        name: String,
        /// The available models.
        models: Vec<String>,
    },
    /// Neither a voice of the model nor one of OpenAI's names.
    #[error("{model} has no voice {name:?}: there {}", list(.voices))]
    NoVoice {
        /// What was asked for.
        name: String,
        /// The model.
        model: String,
        /// The available voices.
        voices: Vec<String>,
    },
    /// It cannot be loaded.
    #[error(transparent)]
    Speaker(#[from] SpeakerError),
}

fn list(names: &[String]) -> String {
    match names {
        [] => "is none".into(),
        [one] => format!("is {one}"),
        names => format!("are {}", names.join(", ")),
    }
}

impl Voices {
    /// The first of these models also answers to OpenAI's names. `aliases` gives voices other
    /// names.
    pub fn new(
        models: Vec<ModelEntry>,
        aliases: BTreeMap<String, String>,
        load: impl Fn(&Path) -> Result<Speaker, SpeakerError> + Send + Sync + 'static,
    ) -> Self {
        let models = models.into_iter().map(|entry| LoadedModel {
            entry,
            speaker: OnceLock::new(),
            loading: Mutex::new(()),
            prepared: Mutex::default(),
        });
        Self {
            models: models.collect(),
            aliases,
            load: Box::new(load),
            is_warm: AtomicBool::new(false),
        }
    }

    /// The available models.
    pub fn models(&self) -> impl Iterator<Item = &ModelEntry> {
        self.models.iter().map(|model| &model.entry)
    }

    /// An alias, and what it stands for, if that is a voice of no model.
    pub fn unknown_alias(&self) -> Option<(&str, &str)> {
        let is_known = |alias: &str| {
            self.models()
                .any(|model| self.voice_name(model, Some(alias)).is_ok())
        };
        let unknown = self.aliases.iter().find(|(alias, _)| !is_known(alias));
        unknown.map(|(alias, voice)| (alias.as_str(), voice.as_str()))
    }

    /// Loads the first model and its first voice, so that the first request is as fast as others.
    /// Meanwhile requests wait.
    ///
    /// # Errors
    ///
    /// As [`Voices::choose`].
    pub fn warm(&self) -> Result<(), VoiceError> {
        // A model without a voice speaks with uploaded recordings only.
        let has_voice = self.models().next().is_some_and(|it| !it.voices.is_empty());
        if has_voice {
            let chosen = self.choose(None, None)?;
            let speaker = &chosen.speaker;
            // The first call of a component is slower than later ones.
            let words = speaker.speak(&chosen.voice, "Hello.", &speaker.model().options());
            for chunk in words?.take(1) {
                chunk?;
            }
        }
        self.is_warm.store(true, Ordering::Release);
        Ok(())
    }

    /// Whether [`Voices::warm`] has done its work.
    pub fn is_warm(&self) -> bool {
        self.is_warm.load(Ordering::Acquire)
    }

    /// A loaded model: the first unless `model` is given.
    ///
    /// # Errors
    ///
    /// [`VoiceError::NoModel`], or an error of loading.
    pub fn speaker(&self, model: Option<&str>) -> Result<(String, Arc<Speaker>), VoiceError> {
        let model = self.find(model)?;
        Ok((model.entry.name.clone(), model.speaker(&self.load)?))
    }

    /// A prepared voice: the model's first unless `voice` is given.
    ///
    /// # Errors
    ///
    /// [`VoiceError::NoModel`], [`VoiceError::NoVoice`], or an error of loading.
    pub fn choose(&self, model: Option<&str>, voice: Option<&str>) -> Result<Chosen, VoiceError> {
        let model = self.find(model)?;
        let name = self.voice_name(&model.entry, voice)?;
        let speaker = model.speaker(&self.load)?;
        let mut prepared = lock(&model.prepared);
        let voice = if let Some(ready) = prepared.get(&name) {
            ready.clone()
        } else {
            let ready = speaker.prepare(&speaker.voice(Some(&name))?)?;
            prepared.insert(name.clone(), ready.clone());
            ready
        };
        Ok(Chosen {
            speaker: speaker.clone(),
            voice,
            model: model.entry.name.clone(),
            name,
        })
    }

    fn find(&self, name: Option<&str>) -> Result<&LoadedModel, VoiceError> {
        let found = match name {
            None => self.models.first(),
            Some(name) => {
                let own = self.models.iter().find(|model| model.entry.name == name);
                own.or_else(|| self.models.first().filter(|_| is_openai_model(name)))
            }
        };
        found.ok_or_else(|| VoiceError::NoModel {
            name: name.unwrap_or_default().to_owned(),
            models: self.models().map(|entry| entry.name.clone()).collect(),
        })
    }

    /// The model's name for a voice as named in a request.
    fn voice_name(&self, entry: &ModelEntry, voice: Option<&str>) -> Result<String, VoiceError> {
        let typed = voice.unwrap_or_default();
        let name = self.aliases.get(typed).map_or(typed, String::as_str);
        let named =
            |is_it: fn(&str, &str) -> bool| entry.voices.iter().find(|own| is_it(own, name));
        let found = match voice {
            None => entry.voices.first(),
            Some(_) => (named(|own, name| own == name))
                .or_else(|| stand_in(name, &entry.voices))
                .or_else(|| named(str::eq_ignore_ascii_case)),
        };
        found.cloned().ok_or_else(|| VoiceError::NoVoice {
            name: typed.to_owned(),
            model: entry.name.clone(),
            voices: entry.voices.clone(),
        })
    }
}

impl LoadedModel {
    fn speaker(&self, load: &LoadSpeaker) -> Result<Arc<Speaker>, SpeakerError> {
        if let Some(speaker) = self.speaker.get() {
            return Ok(speaker.clone());
        }
        let _alone = lock(&self.loading);
        if let Some(speaker) = self.speaker.get() {
            return Ok(speaker.clone());
        }
        let speaker = Arc::new(load(&self.entry.dir)?);
        Ok(self.speaker.get_or_init(|| speaker).clone())
    }
}

impl fmt::Debug for Voices {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let models = self.models.iter().map(|model| &model.entry);
        out.debug_list().entries(models).finish()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
