//! When words are spoken, against the true times.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::{program, report};
use crate::run::target;
use crate::workspace;

/// The model that the sentences were made for.
const WORDS_VARIANT: &str = "starling";
/// Formats of the weights; `default` is what `convert` takes unless told otherwise.
const WORDS_FORMATS: [(&str, &[&str]); 2] = [("f32", &["--dtype", "f32"]), ("default", &[])];

/// What was measured.
#[derive(Deserialize)]
struct WordsFigures {
    sentences: usize,
    words: usize,
    lost: usize,
    wrong: usize,
    starts: WordErrors,
    ends: WordErrors,
    step_us: f64,
    watched_step_us: f64,
}

/// Of absolute errors, in milliseconds; `late` has a sign.
#[derive(Deserialize)]
struct WordErrors {
    mean: f64,
    late: f64,
    most: f64,
    worst: f64,
}

impl WordErrors {
    fn row(&self) -> String {
        format!(
            "{:.0} ms | {:+.0} ms | {:.0} ms | {:.0} ms",
            self.mean, self.late, self.most, self.worst
        )
    }
}

/// Has the model say sentences by their recorded latents, and compares.
pub(crate) fn bench(sentences: &Path) -> Result<()> {
    if !sentences.join("words.json").exists() {
        bail!(
            "{}: no words.json here: --sentences names the folder of sentences with known times",
            sentences.display()
        );
    }
    let (command, measuring) = (program::command()?, program::measuring("words")?);
    let scratch = tempfile::tempdir_in(target("release"))?;
    let weights = workspace().join("models/starling/model.safetensors");
    let mut rows = String::new();
    let mut counts = None;
    for (format, options) in WORDS_FORMATS {
        let bundle = scratch.path().join(format);
        program::convert(&command, WORDS_VARIANT, options, &bundle)?;
        let output = Command::new(&measuring)
            .args([&bundle, &weights, &sentences.to_owned()])
            .output()
            .context("cannot start the measurement")?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr));
        }
        let figures: WordsFigures = serde_json::from_slice(&output.stdout)?;
        for (what, errors) in [("start", &figures.starts), ("end", &figures.ends)] {
            writeln!(
                rows,
                "| {format} | {what} | {} | {} of {} | {:.0} / {:.0} us |",
                errors.row(),
                figures.lost,
                figures.words,
                figures.step_us,
                figures.watched_step_us,
            )?;
        }
        if figures.wrong > 0 {
            bail!(
                "{} texts of words are not those of their sentences",
                figures.wrong
            );
        }
        counts = Some(figures.sentences);
    }
    let text = format!(
        "Model `{WORDS_VARIANT}`, {} sentences by their recorded latents, against the times of the teacher that \
         spoke them. *Most* is what 95 % of the errors stay below. *Step* is one of the backbone, without and with \
         its attention. The last word's end is left out, because the teacher's times include the silence after \
         it.\n\n\
         | weights | of words | mean error | late | most | worst | skipped | step |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n{rows}",
        counts.unwrap_or_default(),
    );
    println!("{text}");
    report::write_section("words", &text)
}
