//! Where the sound goes: a file or a pipe, in the format that was asked for.

use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use encode::{Encoder, Format, Options, Patch, Tags, Target};
use files::OutputFile;
use speaker::SoundChunk;

use crate::output::note;

/// Bytes that the length in a WAV file's header can count.
const COUNTED_BY_WAV: u64 = u32::MAX as u64;

/// Takes chunks as they come. A file takes its final place by [`Sink::finish`]; without that,
/// nothing of it is left.
pub(crate) struct Sink {
    name: String,
    format: Format,
    sample_rate: u32,
    tags: Tags,
    /// None until the first chunk, whose text is the title.
    encoder: Option<Encoder>,
    /// None once the reader of a pipe has gone.
    output: Option<OutputFile>,
    bytes: Vec<u8>,
    started: Instant,
    summary: Summary,
}

/// What was written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Summary {
    pub(crate) samples: u64,
    /// Bytes of the file.
    pub(crate) bytes: u64,
    /// Largest magnitude.
    pub(crate) peak: f32,
    /// Chunks of text whose end of speech did not come.
    pub(crate) cut: usize,
    pub(crate) interrupted: bool,
    /// From the first call to the last sample.
    pub(crate) elapsed: Duration,
}

impl Sink {
    /// Begins a file of sound. The title is that of the first chunk, unless `tags` has one.
    pub(crate) fn begin(
        output: OutputFile,
        format: Format,
        sample_rate: u32,
        tags: Tags,
    ) -> Result<Self> {
        let name = output.destination().name();
        format.check(sample_rate).with_context(|| failed(&name))?;
        Ok(Self {
            name,
            format,
            sample_rate,
            tags,
            encoder: None,
            output: Some(output),
            bytes: Vec::new(),
            started: Instant::now(),
            summary: Summary::default(),
        })
    }

    /// Writes a chunk; false once the reader of a pipe has gone.
    pub(crate) fn write(&mut self, chunk: &SoundChunk) -> Result<bool> {
        let mut encoder = match self.encoder.take() {
            Some(encoder) => encoder,
            None => self.encoder(chunk.text.as_deref())?,
        };
        let samples = &chunk.samples;
        let pushed = encoder.push(samples, &mut self.bytes);
        pushed.with_context(|| failed(&self.name))?;
        self.encoder = Some(encoder);
        if !self.flush()? {
            return Ok(false);
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

    /// Completes the header and puts the file into its place. An interrupted file plays as far as
    /// it goes; one without any sound is not kept.
    pub(crate) fn finish(mut self) -> Result<Summary> {
        let nothing = self.summary.samples == 0 && self.summary.interrupted;
        let Some(output) = &self.output else {
            return Ok(self.summary);
        };
        if nothing && output.can_seek() {
            return Ok(self.summary);
        }
        let encoder = match self.encoder.take() {
            Some(encoder) => encoder,
            None => self.encoder(None)?,
        };
        let patch = encoder.finish(&mut self.bytes);
        let patch = patch.with_context(|| failed(&self.name))?;
        if !self.flush()? {
            return Ok(self.summary);
        }
        let Some(mut output) = self.output else {
            return Ok(self.summary);
        };
        if output.can_seek()
            && let Some(patch) = patch
        {
            apply(&mut output, &patch).with_context(|| failed(&self.name))?;
            if matches!(self.format, Format::Wav(_)) && self.summary.bytes > COUNTED_BY_WAV {
                note(&format!(
                    "notice: {} holds more than a WAV file's header can say (4 GiB): ffmpeg reads all of it, \
                     other programs may stop there (FLAC has no such limit)",
                    self.name
                ));
            }
        }
        match output.finish() {
            Err(error) if !error.is_broken_pipe() => Err(error.into()),
            _ => Ok(self.summary),
        }
    }

    fn encoder(&mut self, text: Option<&str>) -> Result<Encoder> {
        let mut tags = std::mem::take(&mut self.tags);
        tags.title = tags
            .title
            .or_else(|| Tags::title_of(text.unwrap_or_default()));
        let seekable = self.output.as_ref().is_some_and(OutputFile::can_seek);
        let options = Options {
            sample_rate: self.sample_rate,
            target: if seekable {
                Target::Seekable
            } else {
                Target::Stream
            },
            tags,
        };
        Encoder::new(self.format, &options).with_context(|| failed(&self.name))
    }

    /// Writes what was encoded, so that a reader has it at once; false once the reader of a pipe
    /// has gone.
    fn flush(&mut self) -> Result<bool> {
        let Some(output) = &mut self.output else {
            return Ok(false);
        };
        let written = output.write_all(&self.bytes).and_then(|()| output.flush());
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.output = None;
                return Ok(false);
            }
            done => done.with_context(|| failed(&self.name))?,
        }
        self.summary.bytes += self.bytes.len() as u64;
        self.bytes.clear();
        Ok(true)
    }
}

fn apply(output: &mut OutputFile, patch: &Patch) -> io::Result<()> {
    output.seek(SeekFrom::Start(patch.offset))?;
    output.write_all(&patch.bytes)?;
    output.seek(SeekFrom::End(0))?;
    output.flush()
}

fn failed(name: &str) -> String {
    format!("cannot write {name}")
}
