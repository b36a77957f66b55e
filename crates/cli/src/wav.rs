//! Where the sound goes: a WAV file, or a pipe.

use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use audio::{SampleFormat, WavWriter};
use speaker::Chunk;
use tempfile::NamedTempFile;

use crate::args::Samples;

/// Takes chunks as they come. A file is written beside its final place and moved there by
/// [`Sink::finish`]; without that, nothing of it is left.
pub(crate) struct Sink {
    output: PathBuf,
    writer: Option<Writer>,
    started: Instant,
    summary: Summary,
}

/// What was written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Summary {
    pub(crate) samples: u64,
    /// Largest magnitude.
    pub(crate) peak: f32,
    /// Chunks of text whose end of speech did not come.
    pub(crate) cut: usize,
    pub(crate) interrupted: bool,
    /// From the first call to the last sample.
    pub(crate) elapsed: Duration,
}

enum Writer {
    File(WavWriter<NamedTempFile>),
    /// A pipe or a device: it streams, and what is written is gone.
    Stream(WavWriter<Box<dyn Write>>),
}

impl Sink {
    /// Opens `output`; `-` is standard output.
    pub(crate) fn open(output: &Path, format: Samples, sample_rate: u32) -> Result<Self> {
        let format = match format {
            Samples::I16 => SampleFormat::I16,
            Samples::F32 => SampleFormat::F32,
        };
        let open = || -> io::Result<Writer> {
            if output == Path::new("-") {
                let out = Box::new(io::stdout()) as Box<dyn Write>;
                return Ok(Writer::Stream(WavWriter::new(out, format, sample_rate)?));
            }
            match fs::metadata(output) {
                Ok(there) if there.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
                Ok(there) if !there.is_file() => {
                    let file = File::options().write(true).open(output)?;
                    let out = Box::new(file) as Box<dyn Write>;
                    return Ok(Writer::Stream(WavWriter::new(out, format, sample_rate)?));
                }
                _ => {}
            }
            let file = crate::output::beside(output)?;
            Ok(Writer::File(WavWriter::new(file, format, sample_rate)?))
        };
        if output == Path::new("-") && io::stdout().is_terminal() {
            bail!("standard output is a terminal: give -o FILE, or pipe -o - into a player");
        }
        let writer = open().with_context(|| format!("cannot write {}", name(output)))?;
        Ok(Self {
            output: output.to_owned(),
            writer: Some(writer),
            started: Instant::now(),
            summary: Summary::default(),
        })
    }

    /// Writes a chunk; false once whoever read a pipe has gone.
    pub(crate) fn write(&mut self, chunk: &Chunk) -> Result<bool> {
        let samples = &chunk.samples;
        let written = match &mut self.writer {
            Some(Writer::File(wav)) => wav.write(samples),
            Some(Writer::Stream(wav)) => wav.write(samples),
            None => Ok(()),
        };
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.writer = None;
                return Ok(false);
            }
            done => done.with_context(|| format!("cannot write {}", name(&self.output)))?,
        }
        let summary = &mut self.summary;
        summary.samples += samples.len() as u64;
        summary.peak = samples
            .iter()
            .fold(summary.peak, |peak, s| peak.max(s.abs()));
        summary.cut += usize::from(chunk.cut);
        summary.elapsed = self.started.elapsed();
        Ok(true)
    }

    /// Notes that the sound breaks off here.
    pub(crate) fn interrupted(&mut self) {
        self.summary.interrupted = true;
    }

    /// Puts the length into the header and the file into its place. An interrupted file plays as
    /// far as it goes; one without any sound is not kept.
    pub(crate) fn finish(self) -> Result<Summary> {
        if let Some(Writer::File(wav)) = self.writer
            && (self.summary.samples > 0 || !self.summary.interrupted)
        {
            let context = || format!("cannot write {}", name(&self.output));
            let file = wav.finish().with_context(context)?;
            file.persist(&self.output).with_context(context)?;
        }
        Ok(self.summary)
    }
}

/// What people call `output`.
pub(crate) fn name(output: &Path) -> String {
    if output == Path::new("-") {
        "standard output".to_owned()
    } else {
        output.display().to_string()
    }
}
