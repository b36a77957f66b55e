//! What the command prints: results to standard output, everything else to standard error.

use std::io::{self, IsTerminal as _, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use bundle::Manifest;
use comfy_table::{CellAlignment, Table, TableStyle};
use tracing_subscriber::EnvFilter;

use crate::args::LogForm;

/// Shows log lines from warnings on, or as `RUST_LOG` says; with `form` also requests. Notes of the
/// recording reader are not the user's concern: it complains about every tag of an mp3 file. Nor
/// are those of the sound server's client, which calls every end an error.
pub(crate) fn start_logging(form: LogForm) {
    let usual = match form {
        LogForm::Off => "warn,pulseaudio=off,symphonia=off",
        LogForm::Text | LogForm::Json => {
            "warn,pulseaudio=off,symphonia=off,server=info,service=info"
        }
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_target(false);
    // It asks the environment (`NO_COLOR`) itself, but not whether a file is written.
    let log = if io::stderr().is_terminal() {
        log
    } else {
        log.with_ansi(false)
    };
    match form {
        LogForm::Off => log.without_time().init(),
        LogForm::Text => log.init(),
        LogForm::Json => log.json().flatten_event(true).init(),
    }
}

/// Prints a result. A closed pipe is not an error: its reader has what it wanted.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done.context("cannot write to standard output"),
    }
}

/// Tells the user something that is not a result.
pub(crate) fn note(text: &str) {
    // Without a standard error there is nowhere to report a failure.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Reports why the command failed: the whole chain of causes on one line.
pub(crate) fn fail(error: &anyhow::Error) -> ExitCode {
    let interrupted = error
        .downcast_ref::<pocket_onnx::Error>()
        .is_some_and(pocket_onnx::Error::is_cancelled);
    note(&format!("error: {error:#}"));
    ExitCode::from(if interrupted { 130 } else { 1 })
}

/// A path for a result that scripts read, which has to be text.
pub(crate) fn path_text(path: &Path) -> String {
    path.display().to_string()
}

/// A table with left-aligned columns, except for numbers.
pub(crate) fn table(
    header: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
    numbers: &[usize],
) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new()).set_header(header);
    for row in rows {
        table.add_row(row);
    }
    for &column in numbers {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    // The library puts a space on both sides of every cell.
    table.lines().fold(String::new(), |text, line| {
        text + line.strip_prefix(' ').unwrap_or(&line).trim_end() + "\n"
    })
}

/// Bytes in a readable form: `235.7 MB`.
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// Shown with everything that random weights make.
pub(crate) const SYNTHETIC: &str = "synthetic: random weights, which make noise and not speech";

/// Warns if a bundle makes noise.
pub(crate) fn note_synthetic(manifest: &Manifest) {
    if manifest.synthetic.is_some() {
        note(&format!("notice: this bundle is {SYNTHETIC}"));
    }
}
