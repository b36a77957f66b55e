//! The part of `serve` that speaks.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use server::Offer;
use service::http::Service;
use service::{ModelEntry, Queue, Settings, Voices};
use speaker::Speaker;

use crate::args::ApiArgs;
use crate::backend;
use crate::rewriting;

/// The service that speaks with these models. It loads the first one, so that its problems are
/// reported at once.
pub(crate) fn service(args: &ApiArgs, offers: &[Offer]) -> Result<Service> {
    let threads = backend::threads(&args.runtime);
    let runs = backend::choose(&args.runtime)?;
    let load = move |dir: &Path| Speaker::open(dir, runs.clone(), threads);
    let models = offers.iter().map(|offer| ModelEntry {
        name: offer.name.clone(),
        dir: offer.dir.clone(),
        language: offer.language.clone(),
        voices: offer.voices.clone(),
    });
    let voices = Arc::new(Voices::new(models.collect(), args.aliases(), load));
    // A model without a voice speaks with uploaded recordings only.
    if offers.first().is_some_and(|offer| !offer.voices.is_empty()) {
        voices.warm()?;
    }
    let queue = Queue::start(args.workers.into(), args.queue.into());
    let settings = Settings {
        longest_text: args.max_text as usize,
        normalization: args.rewriting.normalize,
        replacements: rewriting::replacements(&args.rewriting)?,
        ..Settings::default()
    };
    Ok(Service {
        voices,
        queue: queue.context("cannot start threads")?,
        settings,
    })
}
