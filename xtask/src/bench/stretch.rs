//! Faster and slower speech: how near its spectra are to those of the speech it was made of, and
//! how many words a recogniser still hears, beside what other programs make of the same speech.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::spectrum::Spectrum;
use super::{machine, program, report};
use crate::run::{build_command, run, target};
use crate::workspace;

const STRETCH_SPEEDS: [&str; 4] = ["0.75", "1.25", "1.5", "2"];
/// Every so manieth of starling's sentences is spoken.
const EVERY: usize = 3;
const STRETCH_SEED: &str = "7";

/// What changes the speed.
#[derive(Clone, Copy)]
enum Method {
    Own,
    Sox,
    Atempo,
    Rubberband,
}

const METHODS: [Method; 4] = [Method::Own, Method::Sox, Method::Atempo, Method::Rubberband];

#[derive(Deserialize)]
struct StretchSentence {
    text: String,
    voice: String,
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Own => "`--speed`",
            Self::Sox => "`sox tempo -s` (WSOLA)",
            Self::Atempo => "`ffmpeg atempo` (WSOLA)",
            Self::Rubberband => "`ffmpeg rubberband` (phase vocoder)",
        }
    }

    /// Makes `heard` of the file `own`, which is a sentence at speed 1.
    fn command(self, speak: Command, own: &Path, speed: &str, heard: &Path) -> Command {
        let filter = |filter: String| {
            let mut ffmpeg = Command::new("ffmpeg");
            ffmpeg.args(["-v", "error", "-nostdin", "-i"]).arg(own);
            ffmpeg.args(["-bitexact", "-af", &filter]).arg(heard);
            ffmpeg
        };
        match self {
            Self::Own => {
                let mut speak = speak;
                speak.args(["--speed", speed, "-o"]).arg(heard);
                speak
            }
            Self::Sox => {
                let mut sox = Command::new("sox");
                sox.args(["-V1", "-D"]).arg(own).arg(heard);
                sox.args(["tempo", "-s", speed]);
                sox
            }
            Self::Atempo => filter(format!("atempo={speed}")),
            Self::Rubberband => filter(format!("rubberband=tempo={speed}")),
        }
    }
}

pub(crate) fn bench() -> Result<()> {
    let machine = machine::describe();
    // No time is measured, and samples do not depend on the optimiser.
    let command = build_command()?;
    let scratch = tempfile::tempdir_in(target("debug"))?;
    let bundle = scratch.path().join("bundle");
    program::convert(&command, "starling", &[] as &[&str], &bundle)?;
    let sentences = fs::read_to_string(workspace().join("models/starling/sentences.json"))?;
    let sentences: Vec<StretchSentence> = serde_json::from_str(&sentences)?;
    let sentences: Vec<&StretchSentence> = sentences.iter().step_by(EVERY).collect();
    let speak = |sentence: &StretchSentence| {
        let mut speak = Command::new(&command);
        speak.args(["speak", "--quiet", "--seed", STRETCH_SEED, "--bundle"]);
        speak.arg(&bundle).args(["--voice", &sentence.voice]);
        speak.arg(&sentence.text);
        speak
    };
    let folder = |name: String| -> Result<PathBuf> {
        let dir = scratch.path().join(name);
        fs::create_dir(&dir)?;
        for (i, sentence) in sentences.iter().enumerate() {
            fs::write(dir.join(format!("{i:02}.txt")), &sentence.text)?;
        }
        Ok(dir)
    };
    let file = |dir: &Path, i: usize| dir.join(format!("{i:02}.wav"));

    let own = folder("own".to_owned())?;
    for (i, sentence) in sentences.iter().enumerate() {
        run(speak(sentence).arg("-o").arg(file(&own, i)))?;
    }
    let unchanged = words(&own)?.map_or_else(
        || "was not at hand".to_owned(),
        |wrong| format!("gets {:.0} % wrong at speed 1", wrong * 100.0),
    );
    let mut rows = String::new();
    for (number, method) in METHODS.into_iter().enumerate() {
        let mut cells = Vec::new();
        for speed in STRETCH_SPEEDS {
            let dir = folder(format!("{number}-{speed}"))?;
            let mut distances = Vec::new();
            for (i, sentence) in sentences.iter().enumerate() {
                let (own, heard) = (file(&own, i), file(&dir, i));
                let mut make = method.command(speak(sentence), &own, speed, &heard);
                if !make.status().is_ok_and(|status| status.success()) {
                    break;
                }
                let (own, heard) = (samples(&own)?, samples(&heard)?);
                let distance = |kind: Spectrum| kind.distance(&own, &heard, speed.parse().ok()?);
                distances.push((distance(Spectrum::Mel), distance(Spectrum::Lines)));
            }
            // A program that is not here, or lacks the filter.
            if distances.len() < sentences.len() {
                break;
            }
            let mel = mean(distances.iter().filter_map(|it| it.0));
            let lines = mean(distances.iter().filter_map(|it| it.1));
            cells.push(cell(mel, lines, words(&dir)?));
        }
        if cells.len() == STRETCH_SPEEDS.len() {
            writeln!(rows, "| {} | {} |", method.name(), cells.join(" | "))?;
        }
    }
    let text = format!(
        "starling, {} sentences, both voices; {machine}.\n\
         Two distances of the spectra from those at speed 1, in dB, where a moment may lie up to 25 ms off its place: \
         of mel bands in windows of 21 ms, and of single lines up to 5 kHz in windows of 43 ms. Then the part of the words \
         that a small recogniser gets wrong, that of `.ci/listen.py`, which {unchanged}.\n\n\
         | | {} |\n| --- |{}\n{rows}",
        sentences.len(),
        STRETCH_SPEEDS.join(" | "),
        " --- |".repeat(STRETCH_SPEEDS.len()),
    );
    println!("{text}");
    report::write_section("stretch", &text)
}

fn cell(mel: f64, lines: f64, words: Option<f64>) -> String {
    let words = words.map_or_else(String::new, |wrong| format!("; {:.0} %", wrong * 100.0));
    format!("{mel:.2}, {lines:.2} dB{words}")
}

fn mean(figures: impl Iterator<Item = f64>) -> f64 {
    let figures: Vec<f64> = figures.collect();
    figures.iter().sum::<f64>() / figures.len() as f64
}

fn samples(path: &Path) -> Result<Vec<f32>> {
    let context = || format!("cannot read {}", path.display());
    let mut file = File::open(path).with_context(context)?;
    let recording = audio::read_wav(&mut file, None).with_context(context)?;
    Ok(recording.with_context(context)?.samples)
}

/// The part of the words that a recogniser gets wrong; none where it is not installed (`.ci/run`).
fn words(dir: &Path) -> Result<Option<f64>> {
    let python = target("listen/venv/bin/python");
    if !python.exists() {
        return Ok(None);
    }
    let listen = workspace().join(".ci/listen.py");
    // It fails where words are lost, which is what is measured.
    let output = Command::new(python).arg(listen).arg(dir).output()?;
    let heard = String::from_utf8_lossy(&output.stdout);
    let total = heard.lines().find_map(|line| line.rsplit_once(" wrong: "));
    let (_, wrong) = total.with_context(|| {
        format!(
            "the recogniser fails: {}",
            String::from_utf8_lossy(&output.stderr)
        )
    })?;
    Ok(Some(wrong.parse()?))
}
