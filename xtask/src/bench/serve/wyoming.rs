//! The Wyoming protocol, as `wyoming-bench` of the Open Home Foundation measures it.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::servers::KilledChild;

/// Texts of one, two and three sentences.
const TEXTS: [&str; 3] = [
    "Hello there.",
    "The morning train was late, so we walked along the river. It was cold.",
    "It was cold. The river had no ice on it yet. We stayed for an hour, and then we went home.",
];

/// A line of its summary.
#[derive(Debug, PartialEq)]
pub(crate) struct WyomingRow {
    /// `non_streaming` or `streaming`.
    mode: String,
    server: String,
    /// Milliseconds to the first sound, mean and 95th percentile.
    first: String,
    first_most: String,
    /// Milliseconds to the last sound.
    total: String,
    /// Of its sound.
    seconds: String,
}

/// Has `wyoming-bench` ask ours, with the included model, and a server that runs at `other`.
pub(crate) fn measure(command: &Path, other: &str, rounds: usize) -> Result<Vec<WyomingRow>> {
    let empty = tempfile::tempdir()?;
    let mut server = Command::new(command);
    server.args(["serve", "--wyoming", "127.0.0.1:0"]);
    server
        .current_dir(&empty)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut server = KilledChild(server.spawn().context("cannot start the server")?);
    let said = server.0.stderr.take().context("no output")?;
    let mut ours = None;
    for line in BufReader::new(said).lines() {
        if let Some(address) = line?.strip_prefix("Wyoming: tcp://") {
            ours = Some(address.to_owned());
            break;
        }
    }
    let ours = ours.context("the server does not speak the protocol")?;
    let output = Command::new("wyoming-bench")
        .args([
            "tts",
            &ours,
            other,
            "--no-unique",
            "--rounds",
            &rounds.to_string(),
            "--texts",
        ])
        .args(TEXTS)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start wyoming-bench: `pip install wyoming-bench`")?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        bail!("wyoming-bench ended with {}:\n{text}", output.status);
    }
    Ok(summary(&text))
}

/// The rows of the summary that a run ends with.
fn summary(text: &str) -> Vec<WyomingRow> {
    let (_, text) = text.split_once("Summary").unwrap_or_default();
    let mut mode = "";
    let mut rows = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[') {
            mode = name.trim_end_matches(']');
        }
        let Some((server, figures)) = line.split_once(')') else {
            continue;
        };
        let figures: Vec<_> = figures.split_whitespace().collect();
        if let ([_, first, first_most, total, .., seconds], Some((_, server))) =
            (&figures[..], server.split_once('('))
        {
            rows.push(WyomingRow {
                mode: mode.to_owned(),
                server: server.to_owned(),
                first: (*first).to_owned(),
                first_most: (*first_most).to_owned(),
                total: (*total).to_owned(),
                seconds: (*seconds).to_owned(),
            });
        }
    }
    rows
}

/// The table of these rows.
pub(crate) fn table(rows: &[WyomingRow]) -> Result<String> {
    let mut text =
        "| text | server | first sound, mean | 95 % below | last sound, mean | length |\n\
                    | --- | --- | --- | --- | --- | --- |\n"
            .to_owned();
    for row in rows {
        let mode = match row.mode.as_str() {
            "streaming" => "in sentences",
            _ => "whole",
        };
        writeln!(
            text,
            "| {mode} | {} | {} ms | {} ms | {} ms | {} |",
            row.server, row.first, row.first_most, row.total, row.seconds
        )?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_is_read() {
        let text = "  127.0.0.1:1 (a) is measured\nSummary (lower is better)\n=====\n\n[streaming]\n  \
                    server  ok   TTFT_mean    TTFT_p95  Total_mean  RTF_norm   RTF_adj   RTF_act   audio_dur\n  \
                    127.0.0.1:1 (piper)   3  526.8  884.4  901.7  0.28  0.95  0.30  3.06s\n";
        let rows = summary(text);
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (rows[0].mode.as_str(), rows[0].server.as_str()),
            ("streaming", "piper")
        );
        assert_eq!(
            (rows[0].total.as_str(), rows[0].seconds.as_str()),
            ("901.7", "3.06s")
        );
    }
}
