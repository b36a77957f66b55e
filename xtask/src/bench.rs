//! `cargo xtask bench`: measurements, written into docs/performance.md.

mod checkpoint_file;
mod convert;
mod listen;
mod machine;
mod page;
mod process;
mod program;
mod quality;
mod report;
mod roofline;
mod serve;
mod speak;
mod spectrum;
mod stretch;
mod words;

use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;

use crate::run::{cargo, run};

#[derive(Subcommand)]
pub(crate) enum Bench {
    /// Conversion of `english` (109 M parameters): time against copying the same bytes, and memory.
    Convert,
    /// What is heard in every backend and format: words (by a recogniser), DNSMOS and hiss.
    Listen(listen::ListenArgs),
    /// Speech in a page: real-time factor, first sound, loading, memory, a first visit, in real browsers.
    Page(page::PageArgs),
    /// What weight formats cost in quality, against f32.
    Quality {
        /// The model's weights; default: random ones.
        #[arg(long, value_name = "FILE")]
        weights: Option<PathBuf>,
    },
    /// What the machine can do, beside what the engine's products reach, natively and in real browsers.
    Roofline,
    /// `serve`: first sound and throughput with 1, 4 and 16 clients, beside pocket-tts's own server.
    Serve(serve::ServeBenchArgs),
    /// Speech: time per frame and component, first sound, memory, in every backend.
    Speak,
    /// Faster and slower speech: spectra and a recogniser's word errors, beside other programs.
    Stretch,
    /// Word times, against those of sentences whose times are known.
    Words {
        /// Folder with `words.json` and `latents.safetensors`: sentences with known times, which
        /// are not part of the repository.
        #[arg(long, value_name = "DIR", default_value = "../shared/voice/words")]
        sentences: PathBuf,
    },
}

impl Bench {
    pub(crate) fn run(&self) -> Result<()> {
        match self {
            Self::Convert => convert::bench(),
            Self::Listen(args) => listen::bench(args),
            Self::Page(args) => page::bench(args),
            Self::Quality { weights } => quality::bench(weights.as_deref()),
            Self::Roofline => roofline::bench(),
            Self::Serve(args) => serve::bench(args),
            Self::Speak => speak::bench(),
            Self::Stretch => stretch::bench(),
            Self::Words { sentences } => words::bench(sentences),
        }
    }
}

/// Compares timings of kernels, natively and in Chromium; fails where a ratio is below its minimum.
pub(crate) fn check() -> Result<()> {
    run(&mut cargo(&[
        "test",
        "--release",
        "--package",
        roofline::PACKAGE,
        "--bench",
        "ratios",
        "--",
        "--nocapture",
        "--test-threads=1",
    ]))?;
    roofline::check()
}

/// The middle one of an odd number of figures.
fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
