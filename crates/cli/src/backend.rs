//! Chooses and loads the backend that runs a bundle.

use std::sync::Arc;

use anyhow::Result;
use bundle::Manifest;
use pocket_onnx::starling::IncludedBundle;
use runtime::Backend;
use speaker::{Cloner, Speaker};

use crate::args::{BackendName, RuntimeArgs, SpeakerArgs};
use crate::output::note_synthetic;

/// Loads the bundle, and warns if it makes noise instead of speech.
pub(crate) fn open(args: &SpeakerArgs, quiet: bool) -> Result<OpenedSpeaker> {
    let threads = threads(&args.runtime);
    let backend = choose(&args.runtime)?;
    let name = backend.name();
    let speaker = Speaker::open(&args.bundle, backend, threads)?;
    if !quiet {
        note_synthetic(speaker.model().manifest());
    }
    Ok(OpenedSpeaker {
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
        threads(&args.runtime),
    )?)
}

/// A loaded bundle, and what it runs on.
pub(crate) struct OpenedSpeaker {
    pub(crate) speaker: Speaker,
    pub(crate) backend: &'static str,
    pub(crate) threads: usize,
    /// Folder of the bundle, if it is deleted together with the speaker.
    pub(crate) scratch: Option<IncludedBundle>,
}

/// The threads that were asked for, or the usual ones.
pub(crate) fn threads(args: &RuntimeArgs) -> usize {
    args.threads
        .map_or_else(pocket_onnx::usual_threads, usize::from)
}

pub(crate) fn choose(args: &RuntimeArgs) -> Result<Arc<dyn Backend>> {
    let backend = match args.backend {
        BackendName::Engine => pocket_onnx::Backend::Engine,
        BackendName::Rten => pocket_onnx::Backend::Rten,
        BackendName::Onnxruntime => pocket_onnx::Backend::OnnxRuntime {
            library: args.onnxruntime.clone(),
        },
    };
    Ok(backend.load()?)
}
