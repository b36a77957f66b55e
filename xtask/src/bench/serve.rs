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
use serde::{Deserialize, Serialize};

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
    /// What to measure; default: all. Figures of models that are left out stay in the table.
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

/// The figures of a model, kept for the table.
#[derive(Serialize, Deserialize)]
struct ServedModel {
    machine: String,
    seconds: u64,
    rounds: usize,
    rows: Vec<ServedRow>,
}

/// A server with so many clients.
#[derive(Serialize, Deserialize)]
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
        let figures = MeasuredWyoming {
            rows: wyoming::measure(&command, other, args.rounds)?,
            rounds: args.rounds,
            machine,
        };
        fs::create_dir_all(target("bench-serve"))?;
        fs::write(
            MeasuredWyoming::path(),
            serde_json::to_vec_pretty(&figures)?,
        )?;
        return write_tables();
    }
    let is_asked = |name: &&str| args.only.is_empty() || args.only.iter().any(|it| it == name);
    for name in SERVED_MODELS.into_iter().filter(is_asked) {
        let files = ModelToServe::at(name);
        if !args.prepared {
            files.prepare(&command)?;
        }
        if !args.prepare {
            let figures = measure(&command, &files, args)?;
            fs::write(files.figures(), serde_json::to_vec_pretty(&figures)?)?;
        }
    }
    if args.prepare {
        return Ok(());
    }
    write_tables()
}

fn write_tables() -> Result<()> {
    let text = tables()?;
    println!("{text}");
    report::write_section("serve", &text)
}

/// What `wyoming-bench` measured, kept for the table.
#[derive(Serialize, Deserialize)]
struct MeasuredWyoming {
    rows: Vec<wyoming::WyomingRow>,
    rounds: usize,
    machine: String,
}

impl MeasuredWyoming {
    fn path() -> PathBuf {
        target("bench-serve").join("wyoming.json")
    }
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

    fn figures(&self) -> PathBuf {
        self.folder.join("figures.json")
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

fn measure(command: &Path, files: &ModelToServe, args: &ServeBenchArgs) -> Result<ServedModel> {
    let machine = machine::describe();
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
            }
        }
        for (server, loads) in servers.iter().zip(&loads) {
            let row = ServedRow::new(server, clients, loads)?;
            println!("{}", row.line());
            rows.push(row);
        }
    }
    Ok(ServedModel {
        machine,
        seconds: args.seconds,
        rounds: args.rounds,
        rows,
    })
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

/// All figures there are.
fn tables() -> Result<String> {
    let mut text = format!(
        "`POST /tts` with the same weights, voice and text ({SERVED_TEXT:?}), which both servers stream; every \
         client asks again as soon as it has its answer. Each server runs as it comes: `pocket-onnx serve` with the \
         default formats and pocket-tts with PyTorch in f32, all requests at the same time. \
         *First sound* is the first byte after the header, median and slowest; *sound* is what all clients \
         together receive in a second; memory is the process's peak so far. With random weights no utterance ends \
         early, so that all have the same length.\n\n"
    );
    for name in SERVED_MODELS {
        let path = ModelToServe::at(name).figures();
        let Ok(bytes) = fs::read(&path) else {
            continue;
        };
        let model: ServedModel = serde_json::from_slice(&bytes)
            .with_context(|| format!("{} cannot be read: delete it", path.display()))?;
        let weights = if Variant::find(name)?.is_included() {
            ""
        } else {
            " (random weights)"
        };
        writeln!(
            text,
            "Model `{name}`{weights}; {} alternating rounds of {} s for each line; {}.\n\n\
             | server | clients | first sound | slowest | sound a second | requests | memory |\n\
             | --- | --- | --- | --- | --- | --- | --- |",
            model.rounds, model.seconds, model.machine
        )?;
        for row in &model.rows {
            writeln!(text, "| {} |", row.line())?;
        }
        text.push('\n');
    }
    if let Ok(bytes) = fs::read(MeasuredWyoming::path()) {
        let measured: MeasuredWyoming = serde_json::from_slice(&bytes)
            .with_context(|| format!("{} cannot be read", MeasuredWyoming::path().display()))?;
        writeln!(
            text,
            "The Wyoming protocol by `wyoming-bench`, {} rounds of three texts, with starling; {}. The other \
             program's voice is another model of its own, so this says what a listener waits for, not which \
             program is better written.\n\n{}",
            measured.rounds,
            measured.machine,
            wyoming::table(&measured.rows)?
        )?;
    }
    Ok(text)
}
