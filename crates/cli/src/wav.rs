//! The output of sound: a WAV file, or a pipe.

use std::io;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use audio::{SampleFormat, WavWriter};
use files::OutputFile;
use speaker::Chunk;

use crate::args::Samples;
use crate::output::note;

/// Takes chunks as they come. [`Sink::finish`] moves a file to its final place; without it nothing
/// is left.
pub(crate) struct Sink {
    output: String,
    /// None once the reader of a pipe has closed it.
    writer: Option<WavWriter<OutputFile>>,
    started: Instant,
    summary: Summary,
}

/// Statistics of what was written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Summary {
    pub(crate) samples: u64,
    /// Largest magnitude.
    pub(crate) peak: f32,
    /// Chunks of text whose end of speech was not found.
    pub(crate) cut: usize,
    pub(crate) interrupted: bool,
    /// Time from the first call to the last sample.
    pub(crate) elapsed: Duration,
}

impl Sink {
    /// Begins a WAV file.
    pub(crate) fn begin(output: OutputFile, format: Samples, sample_rate: u32) -> Result<Self> {
        let format = match format {
            Samples::I16 => SampleFormat::I16,
            Samples::F32 => SampleFormat::F32,
        };
        let name = output.destination().name();
        let writer = WavWriter::new(output, format, sample_rate);
        let writer = writer.with_context(|| format!("cannot write {name}"))?;
        Ok(Self {
            output: name,
            writer: Some(writer),
            started: Instant::now(),
            summary: Summary::default(),
        })
    }

    /// Writes a chunk; false once the reader of a pipe has closed it.
    pub(crate) fn write(&mut self, chunk: &Chunk) -> Result<bool> {
        let samples = &chunk.samples;
        let written = match &mut self.writer {
            Some(wav) => wav.write(samples),
            None => Ok(()),
        };
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.writer = None;
                return Ok(false);
            }
            done => done.with_context(|| format!("cannot write {}", self.output))?,
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

    /// Records that the sound breaks off here.
    pub(crate) fn interrupted(&mut self) {
        self.summary.interrupted = true;
    }

    /// Completes the header and moves the file into place. An interrupted file plays as far as it
    /// goes; one without any sound is deleted.
    pub(crate) fn finish(self) -> Result<Summary> {
        let Some(wav) = self.writer else {
            return Ok(self.summary);
        };
        if !wav.get_ref().can_seek() {
            match wav.into_inner().finish() {
                Err(error) if !error.is_broken_pipe() => return Err(error.into()),
                _ => {}
            }
        } else if self.summary.samples > 0 || !self.summary.interrupted {
            if wav.is_too_long() {
                note(&format!(
                    "notice: {} holds more than a WAV file's header can say (4 GiB): ffmpeg reads all of it, other \
                     programs may stop there",
                    self.output
                ));
            }
            let file = wav.finish();
            let file = file.with_context(|| format!("cannot write {}", self.output))?;
            file.finish()?;
        }
        Ok(self.summary)
    }
}
