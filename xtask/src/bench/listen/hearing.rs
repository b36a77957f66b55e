//! What the recogniser hears, kept by the bytes of the recording.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::digest::short;
use super::python::{Pythons, script};
use crate::workspace;

/// What the answers depend on, beside the recording and the text: to be changed with hear.py, where
/// that answers otherwise than before.
const HEARING_VERSION: &str = "1";

/// What was heard of a recording.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct HeardWords {
    /// The words that the recogniser writes.
    #[serde(rename = "heard")]
    transcript: String,
    /// Words that were to be said, that are wrong, and of those the lost ones.
    pub(super) words: usize,
    pub(super) wrong: usize,
    pub(super) lost: usize,
    /// Overall score of DNSMOS, where it was asked for.
    pub(super) mos: Option<f64>,
    /// Level of the quietest tenth, in dB of full scale.
    pub(super) quiet: f64,
}

/// A recording that is to be heard.
#[derive(Clone, Debug)]
pub(super) struct HeardRecording {
    pub(super) path: PathBuf,
    /// What was to be said.
    pub(super) text: String,
    /// Whether DNSMOS is asked too, which takes seven times as long as Whisper.
    pub(super) judge: bool,
}

/// A line of the file of answers.
#[derive(Debug, Serialize, Deserialize)]
struct KeptTranscript {
    key: String,
    #[serde(flatten)]
    heard: HeardWords,
}

/// The recognisers, and what they answered before.
pub(super) struct Hearing {
    python: PathBuf,
    jobs: usize,
    known: HashMap<String, HeardWords>,
    file: File,
}

/// One running recogniser.
struct Recogniser {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Hearing {
    /// Opens the file of answers in `folder`.
    pub(super) fn open(folder: &Path, pythons: &Pythons, jobs: usize) -> Result<Self> {
        let path = folder.join("heard");
        let text = fs::read_to_string(&path).unwrap_or_default();
        // A run that broke off may have left half a line.
        let kept =
            (text.lines()).filter_map(|line| serde_json::from_str::<KeptTranscript>(line).ok());
        let file = OpenOptions::new().create(true).append(true).open(&path);
        Ok(Self {
            python: pythons.hearing()?,
            jobs: jobs.max(1),
            known: kept.map(|kept| (kept.key, kept.heard)).collect(),
            file: file.with_context(|| format!("cannot write {}", path.display()))?,
        })
    }

    /// Hears recordings.
    pub(super) fn hear(
        &mut self,
        name: &str,
        recordings: &[HeardRecording],
    ) -> Result<Vec<HeardWords>> {
        let keys = recordings.iter().map(key).collect::<Result<Vec<_>>>()?;
        let mut unknown: Vec<usize> = (0..recordings.len())
            .filter(|at| !self.known.contains_key(&keys[*at]))
            .collect();
        // The same recording is heard once.
        unknown.sort_by_key(|at| &keys[*at]);
        unknown.dedup_by_key(|at| &keys[*at]);
        if !unknown.is_empty() {
            let total = unknown.len();
            println!(
                "{name}: {total} of {} recordings to be heard",
                recordings.len()
            );
            let started = Instant::now();
            let waiting = Mutex::new(unknown.into_iter());
            let answers = Mutex::new((0, &mut self.known, &mut self.file));
            let work = || -> Result<()> {
                let mut recogniser = Recogniser::start(&self.python)?;
                loop {
                    let next = waiting
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .next();
                    let Some(at) = next else {
                        return recogniser.end();
                    };
                    let heard = recogniser.hear(&recordings[at])?;
                    let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
                    let (count, known, file) = &mut *answers;
                    let key = keys[at].clone();
                    let kept = KeptTranscript { key, heard };
                    // In one piece: another run may write at the same time.
                    file.write_all((serde_json::to_string(&kept)? + "\n").as_bytes())?;
                    known.insert(kept.key, kept.heard);
                    *count += 1;
                    if *count % 50 == 0 {
                        let each = started.elapsed().as_secs_f64() / f64::from(*count);
                        println!("{name}: {count} of {total} heard, {each:.2} s each");
                    }
                }
            };
            thread::scope(|scope| {
                let jobs: Vec<_> = (0..self.jobs).map(|_| scope.spawn(work)).collect();
                jobs.into_iter().try_for_each(|job| {
                    job.join()
                        .map_err(|_| anyhow!("a recogniser's thread ended"))?
                })
            })?;
        }
        let heard = keys
            .iter()
            .map(|key| self.known.get(key).cloned().context("not heard"));
        heard.collect()
    }
}

impl Recogniser {
    fn start(python: &Path) -> Result<Self> {
        let mut child = Command::new(python)
            .arg(script("hear.py"))
            .env("PYTHONPATH", workspace().join(".ci"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the recogniser")?;
        Ok(Self {
            input: child.stdin.take().context("no standard input")?,
            output: BufReader::new(child.stdout.take().context("no standard output")?),
            child,
        })
    }

    fn hear(&mut self, recording: &HeardRecording) -> Result<HeardWords> {
        let HeardRecording { path, text, judge } = recording;
        writeln!(
            self.input,
            "{}",
            json!({ "path": path, "text": text, "judge": judge })
        )?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        serde_json::from_str(&line)
            .with_context(|| format!("the recogniser says of {}: {line}", path.display()))
    }

    /// Lets it end.
    fn end(self) -> Result<()> {
        let Self {
            mut child, input, ..
        } = self;
        drop(input);
        child.wait()?;
        Ok(())
    }
}

/// What an answer is kept under.
fn key(recording: &HeardRecording) -> Result<String> {
    let HeardRecording { path, text, judge } = recording;
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut hash = Sha256::new();
    hash.update(HEARING_VERSION);
    hash.update([u8::from(*judge)]);
    hash.update(text);
    hash.update([0]);
    hash.update(bytes);
    Ok(short(hash, 16))
}
