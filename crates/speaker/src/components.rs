//! The loaded components of a bundle.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::thread;

use bundle::{ComponentName, Manifest};
use runtime::{Backend, RuntimeError, Stream};

/// Streams before their first call, to be forked.
pub(crate) struct Components {
    pub(crate) text_conditioner: Box<dyn Stream>,
    pub(crate) flow_lm: Box<dyn Stream>,
    pub(crate) flow_net: Box<dyn Stream>,
    pub(crate) mimi_decoder: Box<dyn Stream>,
    /// Loaded when the first voice is made.
    mimi_encoder: OnceLock<Box<dyn Stream>>,
    dir: PathBuf,
    backend: Arc<dyn Backend>,
}

impl Components {
    /// Loads the components that speaking needs.
    pub(crate) fn load(
        dir: &Path,
        manifest: &Manifest,
        backend: Arc<dyn Backend>,
    ) -> Result<Self, RuntimeError> {
        let load = |name| backend.load(dir, manifest, name);
        // The two large ones are loaded at the same time.
        let (flow_lm, mimi_decoder) = thread::scope(|scope| {
            let decoder = scope.spawn(|| load(ComponentName::MimiDecoder));
            (load(ComponentName::FlowLm), decoder.join())
        });
        let mimi_decoder = mimi_decoder.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok(Self {
            text_conditioner: load(ComponentName::TextConditioner)?,
            flow_lm: flow_lm?,
            flow_net: load(ComponentName::FlowNet)?,
            mimi_decoder,
            mimi_encoder: OnceLock::new(),
            dir: dir.to_owned(),
            backend,
        })
    }

    /// The encoder, which is loaded when it is first needed.
    pub(crate) fn mimi_encoder(&self, manifest: &Manifest) -> Result<&dyn Stream, RuntimeError> {
        if let Some(encoder) = self.mimi_encoder.get() {
            return Ok(encoder.as_ref());
        }
        let encoder = (self.backend).load(&self.dir, manifest, ComponentName::MimiEncoder)?;
        Ok(self.mimi_encoder.get_or_init(|| encoder).as_ref())
    }
}
