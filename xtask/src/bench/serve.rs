//! `pocket-onnx serve` beside pocket-tts's own server, with the same weights, voice and text.

mod client;
mod servers;
mod wyoming;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use clap::builder::PossibleValuesParser;
use config::Variant;

use self::client::{Load, under_load};
use self::servers::RunningServer;
use super::checkpoint_file;
use super::{machine, median, program, report};
use crate::run::{run, target};
use crate::workspace;

/// Models by name: the included one, and random weights of a released one's shape.
const SERVED_MODELS: [&str; 2] = ["starling", "english_2026-01"];
/// Clients that ask at the same time.
const CLIENT_COUNTS: [usize; 3] = [1, 4, 16];
/// What every request says.
const SERVED_TEXT: &str = "The morning train was late, so we walked along the river.";
/// A score that random weights never reach: all utterances have the same length.
const NO_END_OF_SPEECH: f64 = 1e9;

/// What is asked of the benchmark.
#[derive(Debug, Args)]
pub(crate) struct ServeBenchArgs {
    /// What to measure; default: all. Tables of models that are left out stay as they are.
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = PossibleValuesParser::new(SERVED_MODELS))]
    only: Vec<String>,
    /// Seconds for which each number of clients asks, each time.
    #[arg(long, value_name = "N", default_value_t = 8)]
    seconds: u64,
    /// How often each number of clients asks each server, in alternation.
    #[arg(long, value_name = "N", default_value_t = 2)]
    rounds: usize,
    /// Only make bundles and checkpoints, for a later run with `--prepared`.
    #[arg(long)]
    prepare: bool,
    /// Instead, have `wyoming-bench` (from `PyPI`) measure the Wyoming protocol, beside a server that runs at this
    /// address, such as wyoming-piper.
    #[arg(long, value_name = "HOST:PORT", conflicts_with_all = ["only", "prepare"])]
    wyoming: Option<String>,
    /// Take the program and the bundles of the last run.
    #[arg(long, conflicts_with = "prepare")]
    prepared: bool,
}

/// A server with so many clients.
struct ServedRow {
    server: String,
    clients: usize,
    /// Requests whose sound began.
    requests: usize,
    /// Median, in seconds.
    first_sound: f64,
    /// The slowest, in seconds.
    last_sound: f64,
    /// Seconds of sound in a second.
    throughput: f64,
    /// Largest memory of the process so far, in bytes.
    memory: u64,
}

pub(crate) fn bench(args: &ServeBenchArgs) -> Result<()> {
    let command = if args.prepared {
        target("release").join("pocket-onnx")
    } else {
        program::command()?
    };
    if let Some(other) = &args.wyoming {
        let machine = machine::describe();
        let rows = wyoming::measure(&command, other, args.rounds)?;
        let text = format!(
            "{} rounds of three texts, with starling; {machine}.\n\n{}",
            args.rounds,
            wyoming::table(&rows)?
        );
        return write("wyoming", &text);
    }
    let is_asked = |name: &&str| args.only.is_empty() || args.only.iter().any(|it| it == name);
    for name in SERVED_MODELS.into_iter().filter(is_asked) {
        let files = ModelToServe::at(name);
        if !args.prepared {
            files.prepare(&command)?;
        }
        if !args.prepare {
            let machine = machine::describe();
            let rows = measure(&command, &files, args)?;
            write(name, &table(name, &rows, args, &machine)?)?;
        }
    }
    Ok(())
}

/// Writes the table of a model, or of a protocol.
fn write(name: &str, text: &str) -> Result<()> {
    println!("{text}");
    report::write_section(&format!("serve {name}"), text)
}

/// A model's bundle, and the checkpoint that it is made of.
struct ModelToServe {
    name: &'static str,
    folder: PathBuf,
}

impl ModelToServe {
    fn at(name: &'static str) -> Self {
        Self {
            name,
            folder: target("bench-serve").join(name),
        }
    }

    fn bundle(&self) -> PathBuf {
        self.folder.join("bundle")
    }

    fn config(&self) -> PathBuf {
        self.folder.join("config.yaml")
    }

    /// The recording whose voice speaks.
    fn voice() -> PathBuf {
        workspace().join("models/starling/robin.wav")
    }

    /// Both servers read the same configuration, weights and vocabulary.
    fn prepare(&self, command: &Path) -> Result<()> {
        fs::create_dir_all(&self.folder)
            .with_context(|| format!("cannot make {}", self.folder.display()))?;
        let variant = Variant::find(self.name)?;
        let mut config = variant.config();
        if variant.is_included() {
            let files = workspace().join("models/starling");
            checkpoint_file::name_files(
                &mut config,
                &files.join("model.safetensors"),
                &files.join("tokenizer.model"),
            );
            fs::write(self.config(), config.to_yaml()?)?;
        } else {
            config.default_eos_threshold = NO_END_OF_SPEECH;
            checkpoint_file::write_model(config, &self.folder)?;
        }
        let mut convert = std::process::Command::new(command);
        convert.args(["convert", "--quiet", "--config"]);
        convert
            .arg(self.config())
            .arg("--voices")
            .arg(Self::voice());
        run(convert.arg("--output-dir").arg(self.bundle()))
    }
}

fn measure(command: &Path, files: &ModelToServe, args: &ServeBenchArgs) -> Result<Vec<ServedRow>> {
    let mut servers = vec![RunningServer::ours(command, &files.bundle())?];
    servers.extend(RunningServer::theirs(
        &files.config(),
        &ModelToServe::voice(),
    )?);
    let window = Duration::from_secs(args.seconds);
    let mut rows = Vec::new();
    for clients in CLIENT_COUNTS {
        let mut loads: Vec<Vec<Load>> = servers.iter().map(|_| Vec::new()).collect();
        for _ in 0..args.rounds {
            for (server, loads) in servers.iter().zip(&mut loads) {
                loads.push(under_load(server.url(), SERVED_TEXT, clients, window)?);
                // Some servers go on with requests that were given up.
                server.wait_until_idle()?;
            }
        }
        for (server, loads) in servers.iter().zip(&loads) {
            let row = ServedRow::new(server, clients, loads)?;
            println!("{}", row.line());
            rows.push(row);
        }
    }
    Ok(rows)
}

impl ServedRow {
    fn new(server: &RunningServer, clients: usize, loads: &[Load]) -> Result<Self> {
        let first: Vec<f64> = loads
            .iter()
            .flat_map(|load| load.first_sounds.clone())
            .collect();
        let throughput: f64 = loads.iter().map(|load| load.throughput).sum();
        Ok(Self {
            server: server.name().to_owned(),
            clients,
            requests: first.len(),
            first_sound: median(&first),
            last_sound: first.iter().copied().fold(0.0, f64::max),
            throughput: throughput / loads.len() as f64,
            memory: server.memory()?,
        })
    }

    fn line(&self) -> String {
        format!(
            "{} | {} | {:.0} ms | {:.0} ms | {:.1} s | {} | {:.0} MB",
            self.server,
            self.clients,
            self.first_sound * 1e3,
            self.last_sound * 1e3,
            self.throughput,
            self.requests,
            self.memory as f64 / 1e6,
        )
    }
}

/// The table of a model.
fn table(name: &str, rows: &[ServedRow], args: &ServeBenchArgs, machine: &str) -> Result<String> {
    let weights = if Variant::find(name)?.is_included() {
        ""
    } else {
        " (random weights)"
    };
    let mut text = format!(
        "Model `{name}`{weights}, {SERVED_TEXT:?}; {} alternating rounds of {} s for each line; {machine}.\n\n\
         | server | clients | first sound | slowest | sound a second | requests | memory |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
        args.rounds, args.seconds
    );
    for row in rows {
        writeln!(text, "| {} |", row.line())?;
    }
    Ok(text)
}
