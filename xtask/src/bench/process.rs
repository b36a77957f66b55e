//! A program's time and memory.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// What a run took.
pub(crate) struct Usage {
    /// From start to end.
    pub(crate) seconds: f64,
    /// Largest anonymous memory seen, in bytes: what cannot be dropped and read again from a file.
    pub(crate) anonymous: u64,
}

/// How often memory is looked at.
const INTERVAL: Duration = Duration::from_millis(2);

/// Runs `command` to its end, which has to be a good one.
pub(crate) fn measure(command: &mut Command) -> Result<Usage> {
    let started = Instant::now();
    let mut child = command
        .stdout(Stdio::null())
        .spawn()
        .context("cannot start the program")?;
    let status_file = format!("/proc/{}/status", child.id());
    let mut anonymous = 0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        // The file goes with the process.
        if let Ok(text) = fs::read_to_string(&status_file) {
            anonymous = anonymous.max(rss_anon(&text));
        }
        thread::sleep(INTERVAL);
    };
    if !status.success() {
        bail!("the program ended with {status}");
    }
    Ok(Usage {
        seconds: started.elapsed().as_secs_f64(),
        anonymous,
    })
}

/// `RssAnon` of a `/proc/<id>/status` text, in bytes.
fn rss_anon(status: &str) -> u64 {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}
