//! What is heard: held-out sentences in every backend and format, by a recogniser and DNSMOS, beside
//! pocket-tts itself and the teacher of the model.

mod case;
mod digest;
mod figures;
mod hearing;
mod python;
mod record;
mod sentence;
mod speaking;
mod table;

use std::time::Instant;

use anyhow::{Result, bail};
use clap::Args;

use self::case::{LISTEN_CASES, ListenCase};
use self::hearing::Hearing;
use self::python::Pythons;
use self::record::{ListenRecord, ListenRecords};
use self::sentence::{PlannedRecording, sentences};
use self::speaking::RowSpeaker;
use super::{machine, report};
use crate::run::target;

/// What is asked of the benchmark.
#[derive(Debug, Args)]
pub(crate) struct ListenArgs {
    /// Sentences to speak, of the model's 100.
    #[arg(long, value_name = "N", default_value_t = 100)]
    sentences: usize,
    /// Times that every sentence is spoken at most, each with noise of its own.
    #[arg(long, value_name = "N", default_value_t = 8)]
    seeds: u64,
    /// Rows of the table to measure, by their names; default: all.
    #[arg(long, value_name = "ROW", value_delimiter = ',')]
    only: Vec<String>,
    /// Speak nothing: the table of what former runs measured, as far as they came.
    #[arg(long)]
    recorded: bool,
    /// Write the table into docs/performance.md although not all was measured.
    #[arg(long)]
    write: bool,
    /// Recognisers that work at the same time.
    #[arg(long, value_name = "N", default_value_t = 2)]
    jobs: usize,
    /// A Python that has pocket-tts 4.0.1; by default one is made in target/bench-listen, which takes
    /// a download of 3 GB.
    #[arg(long, value_name = "PYTHON")]
    original: Option<std::path::PathBuf>,
}

/// Speaks and hears every row, and writes the table. What was heard is kept in target/bench-listen, so
/// that a run that broke off goes on where it was.
pub(crate) fn bench(args: &ListenArgs) -> Result<()> {
    let machine = machine::describe();
    let known: Vec<&str> = LISTEN_CASES.iter().map(|case| case.name).collect();
    if let Some(name) = args.only.iter().find(|name| !known.contains(&&***name)) {
        bail!("no such row: {name}; there are {}", known.join(", "));
    }
    let chosen = |case: &&ListenCase| {
        // Everything is compared with f32.
        args.only.is_empty() || case.name == "f32" || args.only.iter().any(|it| it == case.name)
    };
    let cases: Vec<&ListenCase> = LISTEN_CASES.iter().filter(chosen).collect();

    let folder = target("bench-listen");
    let pythons = Pythons::new(&folder, args.original.as_deref());
    let all = sentences()?;
    let count = args.sentences.clamp(1, all.len());
    let speaking = RowSpeaker::new(&folder, &pythons)?;
    let mut hearing = Hearing::open(&folder, &pythons, args.jobs)?;
    let mut records = ListenRecords::open(&folder, speaking.fingerprint())?;
    let mut measured = Vec::new();
    for case in cases {
        let started = Instant::now();
        let utterances: Vec<PlannedRecording> = (1..=case.seeds.min(args.seeds))
            .flat_map(|seed| sentence::utterances(&all[..count], seed))
            .collect();
        let unknown: Vec<PlannedRecording> = (utterances.iter())
            .filter(|it| records.find(case.name, it).is_none())
            .cloned()
            .collect();
        if !unknown.is_empty() && !args.recorded {
            let spoken = speaking.speak(case, &unknown)?;
            let heard = hearing.hear(case.name, &spoken.recordings(&unknown))?;
            for ((utterance, spoken), heard) in unknown.iter().zip(&spoken.answers).zip(&heard) {
                records.add(case.name, ListenRecord::new(utterance, spoken, heard))?;
            }
        }
        let found = utterances
            .iter()
            .filter_map(|it| records.find(case.name, it));
        let found: Vec<ListenRecord> = found.cloned().collect();
        if !found.is_empty() {
            measured.push((case, found));
        }
        println!("{}: {:.0} s", case.name, started.elapsed().as_secs_f64());
    }
    let text = table::text(&measured, count, &machine);
    println!("{text}");
    if args.write || args.only.is_empty() && count == all.len() {
        report::write_section("listen", &text)?;
    }
    Ok(())
}
