//! Recordings of what is listened to.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::case::{ListenCase, Speaks};
use super::digest::short;
use super::hearing::HeardRecording;
use super::python::{Pythons, script};
use super::sentence::PlannedRecording;
use crate::bench::program;
use crate::run::{cargo, run as run_chore, target};
use crate::workspace;

/// The model's files.
const MODEL_FILES: [&str; 6] = [
    "config.yaml",
    "heron.wav",
    "model.safetensors",
    "robin.wav",
    "sentences.json",
    "tokenizer.model",
];

/// What a speaking program says of a recording.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct RecordingInfo {
    name: String,
    /// Latent frames.
    pub(super) frames: usize,
    /// Samples beyond full scale, which the file has clipped.
    pub(super) clipped: usize,
    /// Largest magnitude.
    pub(super) peak: f32,
}

/// Recordings of a row.
pub(super) struct SpokenRow {
    /// One for each utterance.
    pub(super) answers: Vec<RecordingInfo>,
    folder: PathBuf,
    /// Removes the folder with it.
    _scratch: Option<TempDir>,
}

/// What speaks all rows.
pub(super) struct RowSpeaker<'a> {
    command: PathBuf,
    program: PathBuf,
    folder: &'a Path,
    pythons: &'a Pythons,
    /// What recordings depend on, in short: the model's files.
    model: String,
    /// The programs too.
    fingerprint: String,
}

impl<'a> RowSpeaker<'a> {
    pub(super) fn new(folder: &'a Path, pythons: &'a Pythons) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        // Samples are the same in every profile, and this one is built already where tests ran.
        let programs = ["--bin", "pocket-onnx", "--example", "listen"];
        run_chore(cargo(&["build", "--workspace"]).args(programs))?;
        let command = target("debug").join("pocket-onnx");
        let program = target("debug").join("examples/listen");
        let model = fingerprint(&MODEL_FILES.map(|file| model().join(file)))?;
        let programs = fingerprint(&[&command, &program])?;
        Ok(Self {
            command,
            program,
            folder,
            pythons,
            fingerprint: format!("{model}-{programs}"),
            model,
        })
    }

    /// What records depend on, in short: the programs and the model's files.
    pub(super) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Speaks the utterances of a row.
    pub(super) fn speak(
        &self,
        case: &ListenCase,
        utterances: &[PlannedRecording],
    ) -> Result<SpokenRow> {
        let (mut command, name) = match &case.speaks {
            Speaks::Bundle { formats, backend } => {
                return self.speak_bundle(formats, backend, utterances);
            }
            Speaks::Original => {
                let mut command = Command::new(self.pythons.original()?);
                command.arg(script("original.py")).arg(model());
                (command, "original")
            }
            Speaks::Teacher => {
                let mut command = Command::new(self.pythons.hearing()?);
                command.arg(script("teacher.py"));
                (command, "teacher")
            }
        };
        // These are slow, so their recordings are kept.
        let folder = self
            .folder
            .join("spoken")
            .join(format!("{name}-{}", self.model));
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let path = folder.join("answers");
        let known = fs::read_to_string(&path).unwrap_or_default();
        // A run that broke off may have left half a line.
        let mut answers: HashMap<String, RecordingInfo> = (known.lines())
            .filter_map(|line| serde_json::from_str::<RecordingInfo>(line).ok())
            .map(|answer| (answer.name.clone(), answer))
            .collect();
        let missing = utterances
            .iter()
            .filter(|it| !answers.contains_key(&it.name()));
        let missing: Vec<PlannedRecording> = missing.cloned().collect();
        let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
        if !missing.is_empty() {
            run(case.name, command.arg(&folder), &missing, |line, answer| {
                writeln!(file, "{line}")?;
                answers.insert(answer.name.clone(), answer);
                Ok(())
            })?;
        }
        let found = utterances.iter().map(|utterance| {
            let name = utterance.name();
            answers
                .get(&name)
                .cloned()
                .with_context(|| format!("{name} was not spoken"))
        });
        Ok(SpokenRow {
            answers: found.collect::<Result<_>>()?,
            folder,
            _scratch: None,
        })
    }

    fn speak_bundle(
        &self,
        formats: &[&str],
        backend: &str,
        utterances: &[PlannedRecording],
    ) -> Result<SpokenRow> {
        let scratch = tempfile::tempdir_in(self.folder)?;
        let bundle = scratch.path().join("bundle");
        let mut options: Vec<&OsStr> = Vec::new();
        for format in formats {
            options.extend(["--dtype", format].map(OsStr::new));
        }
        program::convert(&self.command, config::Variant::INCLUDED, &options, &bundle)?;
        let mut answers = Vec::new();
        let mut command = Command::new(&self.program);
        command.arg(&bundle).arg(backend).arg(scratch.path());
        run(backend, &mut command, utterances, |_, answer| {
            answers.push(answer);
            Ok(())
        })?;
        Ok(SpokenRow {
            answers,
            folder: scratch.path().to_owned(),
            _scratch: Some(scratch),
        })
    }
}

impl SpokenRow {
    /// The files of the utterances.
    pub(super) fn recordings(&self, utterances: &[PlannedRecording]) -> Vec<HeardRecording> {
        let recording = |it: &PlannedRecording| HeardRecording {
            path: self.folder.join(format!("{}.wav", it.name())),
            text: it.text.clone(),
            judge: it.is_judged(),
        };
        utterances.iter().map(recording).collect()
    }
}

/// Has a program speak, and takes each of its answers.
fn run(
    name: &str,
    command: &mut Command,
    utterances: &[PlannedRecording],
    mut take: impl FnMut(&str, RecordingInfo) -> Result<()>,
) -> Result<()> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    let mut input = child.stdin.take().context("no standard input")?;
    let output = child.stdout.take().context("no standard output")?;
    let lines: String = utterances.iter().map(PlannedRecording::line).collect();
    // What the program writes has to be read while it reads.
    let writer = thread::spawn(move || input.write_all(lines.as_bytes()));
    let mut count = 0;
    for line in BufReader::new(output).lines() {
        let line = line?;
        let answer: RecordingInfo = serde_json::from_str(&line).with_context(|| line.clone())?;
        if utterances
            .get(count)
            .is_none_or(|it| it.name() != answer.name)
        {
            bail!("{name} spoke {} out of turn", answer.name);
        }
        take(&line, answer)?;
        count += 1;
        if count % 100 == 0 {
            println!("{name}: {count} of {} spoken", utterances.len());
        }
    }
    let status = child.wait()?;
    let written = writer.join().is_ok_and(|written| written.is_ok());
    if !status.success() || !written || count < utterances.len() {
        bail!(
            "{name} spoke {count} of {} and ended with {status}",
            utterances.len()
        );
    }
    Ok(())
}

/// The model's folder.
fn model() -> PathBuf {
    workspace().join("models").join(config::Variant::INCLUDED)
}

/// A hash of files, in short.
fn fingerprint(files: &[impl AsRef<Path>]) -> Result<String> {
    let mut hash = Sha256::new();
    for path in files.iter().map(AsRef::as_ref) {
        hash.update(fs::read(path).with_context(|| format!("cannot read {}", path.display()))?);
    }
    Ok(short(hash, 4))
}
