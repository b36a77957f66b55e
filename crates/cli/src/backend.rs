//! Chooses and loads the backend that runs a bundle.

use std::sync::Arc;
use std::thread;

use anyhow::Result;
use bundle::Manifest;
use engine::Engine;
use runtime::onnxruntime::{self, OnnxRuntime};
use runtime::rten::{self, Rten};
use runtime::{Backend, RuntimeError};
use speaker::{Cloner, Speaker};

use crate::args::{BackendName, RuntimeArgs, SpeakerArgs};
use crate::output::note_synthetic;
use crate::scratch::ScratchFolder;

/// Loads the bundle, and warns if it makes noise instead of speech.
pub(crate) fn open(args: &SpeakerArgs, quiet: bool) -> Result<Opened> {
    let threads = threads(&args.runtime);
    let backend = choose(&args.runtime)?;
    let name = backend.name();
    let speaker = Speaker::open(&args.bundle, backend, threads)?;
    if !quiet {
        note_synthetic(speaker.model().manifest());
    }
    Ok(Opened {
        speaker,
        backend: name,
        threads,
        scratch: None,
    })
}

/// Loads the part of the bundle that makes voices.
pub(crate) fn open_cloner(args: &SpeakerArgs, manifest: Manifest, quiet: bool) -> Result<Cloner> {
    if !quiet {
        note_synthetic(&manifest);
    }
    Ok(Cloner::with_manifest(
        &args.bundle,
        manifest,
        choose(&args.runtime)?,
    )?)
}

/// A loaded bundle, and what it runs on.
pub(crate) struct Opened {
    pub(crate) speaker: Speaker,
    pub(crate) backend: &'static str,
    pub(crate) threads: usize,
    /// Folder of the bundle, if it is deleted together with the speaker.
    pub(crate) scratch: Option<ScratchFolder>,
}

/// One thread for the backbone and one for the decoder, if there are two cores. More would not
/// help: each graph runs on one thread, so that its sums are rounded alike everywhere.
pub(crate) fn threads(args: &RuntimeArgs) -> usize {
    let cores = || thread::available_parallelism().map_or(1, |cores| cores.get().min(2));
    args.threads.map_or_else(cores, usize::from)
}

pub(crate) fn choose(args: &RuntimeArgs) -> Result<Arc<dyn Backend>, RuntimeError> {
    Ok(match args.backend {
        BackendName::Engine => Arc::new(Engine::default()),
        BackendName::Rten => Arc::new(Rten::new(rten::RtenOptions { prepack: true })),
        BackendName::Onnxruntime => Arc::new(OnnxRuntime::new(onnxruntime::OnnxRuntimeOptions {
            library: args.onnxruntime.clone(),
            ..onnxruntime::OnnxRuntimeOptions::default()
        })?),
    })
}
