//! A bundle's components in the engine, for programs that run them one by one.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};

use bundle::{ComponentName, Manifest};
use engine::Engine;
use runtime::{Backend, Stream};
use speech::{SpeechModel, Voice};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What speaks of a bundle, loaded.
pub(crate) struct EngineComponents {
    pub(crate) model: SpeechModel,
    pub(crate) streams: BTreeMap<ComponentName, Box<dyn Stream>>,
    dir: PathBuf,
}

impl EngineComponents {
    pub(crate) fn open(dir: &Path) -> Result<Self> {
        let manifest = Manifest::read(dir)?;
        let engine = Engine::default();
        let names = [
            ComponentName::TextConditioner,
            ComponentName::FlowLm,
            ComponentName::FlowNet,
            ComponentName::MimiDecoder,
        ];
        let load = |name| Ok((name, engine.load(dir, &manifest, name)?));
        let streams = names.into_iter().map(load).collect::<Result<_>>()?;
        let tokenizer = std::fs::read(dir.join(&manifest.tokenizer.file.name))?;
        Ok(Self {
            model: SpeechModel::new(manifest, &tokenizer)?,
            streams,
            dir: dir.to_owned(),
        })
    }

    /// Reads all voices of the bundle, in its order.
    pub(crate) fn voices(&self) -> Result<Vec<(String, Voice)>> {
        let voices = self.model.manifest().voices.iter();
        voices
            .map(|voice| {
                let file = std::fs::read(self.dir.join(&voice.file.name))?;
                Ok((voice.name.clone(), self.model.read_voice(&file)?))
            })
            .collect()
    }

    /// A component afresh.
    pub(crate) fn stream(&self, name: ComponentName) -> Box<dyn Stream> {
        self.streams[&name].fork()
    }

    /// The backbone in the state of a voice.
    pub(crate) fn backbone(&self, voice: &Voice) -> Result<Box<dyn Stream>> {
        let mut stream = self.stream(ComponentName::FlowLm);
        for (input, state) in voice.states() {
            stream.set_state(input, state.clone())?;
        }
        stream.set_position(voice.position())?;
        Ok(stream)
    }
}
