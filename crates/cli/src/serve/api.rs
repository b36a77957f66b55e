//! The part of `serve` that speaks.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use server::OfferedBundle;
use service::http::Service;
use service::{ModelEntry, Settings, Voices, WorkQueue};
use speaker::{Scheduler, Speaker};

use crate::args::{ApiArgs, RewritingArgs, RuntimeArgs};
use crate::backend;
use crate::rewriting;

/// The service that speaks with these models. It loads none of them yet.
pub(crate) fn service(args: &ApiArgs, offers: &[OfferedBundle]) -> Result<Service> {
    let voices = voices(&args.runtime, offers, args.aliases())?;
    if let Some((name, voice)) = voices.unknown_alias() {
        let there: Vec<&str> = (voices.models().flat_map(|model| &model.voices))
            .map(String::as_str)
            .collect();
        bail!(
            "--voice-map {name}={voice}: no model here has a voice {voice:?}; there are: {}",
            there.join(", ")
        );
    }
    let queue = WorkQueue::start(args.workers.into(), args.queue.into());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    // A user may ask for more threads than there are cores.
    let scheduler = Scheduler::new(cores.max(backend::threads(&args.runtime)));
    let settings = Settings {
        longest_text: args.max_text as usize,
        ..settings(&args.rewriting)?
    };
    Ok(Service {
        voices: Arc::new(voices),
        queue: queue.context("cannot start threads")?,
        scheduler,
        settings,
        metrics: args.metrics.then(Arc::default),
    })
}

/// The voices of these models, some of them with other names.
pub(crate) fn voices(
    args: &RuntimeArgs,
    offers: &[OfferedBundle],
    aliases: BTreeMap<String, String>,
) -> Result<Voices> {
    let threads = backend::threads(args);
    let runs = backend::choose(args)?;
    let load = move |dir: &Path| Speaker::open(dir, runs.clone(), threads);
    let models = offers.iter().map(|offer| ModelEntry {
        name: offer.name.clone(),
        dir: offer.dir.clone(),
        language: offer.language.clone(),
        voices: offer.voices.clone(),
    });
    Ok(Voices::new(models.collect(), aliases, load))
}

/// How texts are rewritten, and the usual limits.
pub(crate) fn settings(args: &RewritingArgs) -> Result<Settings> {
    Ok(Settings {
        normalization: args.normalize,
        replacements: rewriting::replacements(args)?,
        ..Settings::default()
    })
}
