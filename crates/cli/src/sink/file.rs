//! Sound in a file or a pipe, in the format that was asked for.

use std::io::{self, Write as _};

use anyhow::{Context, Result};
use encode::{EncodeOptions, Encoder, Format, Tags, Target};
use files::OutputFile;

use crate::output::note;

/// Bytes that the length in a WAV file's header can count.
const COUNTED_BY_WAV: u64 = u32::MAX as u64;

/// A file or pipe of sound. [`SoundFile::finish`] puts a file into its place; without that, it is
/// deleted.
pub(crate) struct SoundFile {
    name: String,
    format: Format,
    sample_rate: u32,
    tags: Tags,
    /// None until the first chunk, whose text is the title.
    encoder: Option<Encoder>,
    /// None once the reader of a pipe has closed it.
    output: Option<OutputFile>,
    bytes: Vec<u8>,
    /// Bytes that were written.
    written: u64,
}

impl SoundFile {
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
            written: 0,
        })
    }

    /// Writes samples of a text. Returns false once the reader of a pipe has closed it.
    pub(super) fn write(&mut self, samples: &[f32], text: Option<&str>) -> Result<bool> {
        let mut encoder = match self.encoder.take() {
            Some(encoder) => encoder,
            None => self.encoder(text)?,
        };
        let pushed = encoder.push(samples, &mut self.bytes);
        pushed.with_context(|| failed(&self.name))?;
        self.encoder = Some(encoder);
        self.flush()
    }

    /// Whether it is a file, which need not be kept, and not a pipe.
    pub(super) fn can_seek(&self) -> bool {
        self.output.as_ref().is_some_and(OutputFile::can_seek)
    }

    /// Completes the header and puts the file into its place.
    pub(super) fn finish(mut self) -> Result<()> {
        if self.output.is_none() {
            return Ok(());
        }
        let encoder = match self.encoder.take() {
            Some(encoder) => encoder,
            None => self.encoder(None)?,
        };
        let patch = encoder.finish(&mut self.bytes);
        let patch = patch.with_context(|| failed(&self.name))?;
        if !self.flush()? {
            return Ok(());
        }
        let Some(mut output) = self.output else {
            return Ok(());
        };
        if output.can_seek()
            && let Some(patch) = patch
        {
            patch
                .write_to(&mut output)
                .with_context(|| failed(&self.name))?;
            if matches!(self.format, Format::Wav(_)) && self.written > COUNTED_BY_WAV {
                note(&format!(
                    "notice: {} holds more than a WAV file's header can say (4 GiB): ffmpeg reads all of it, \
                     other programs may stop there (FLAC has no such limit)",
                    self.name
                ));
            }
        }
        match output.finish() {
            Err(error) if !error.is_broken_pipe() => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn encoder(&mut self, text: Option<&str>) -> Result<Encoder> {
        let mut tags = std::mem::take(&mut self.tags);
        tags.title = tags
            .title
            .or_else(|| Tags::title_of(text.unwrap_or_default()));
        let options = EncodeOptions {
            sample_rate: self.sample_rate,
            target: Target::new(self.can_seek()),
            tags,
        };
        Encoder::new(self.format, &options).with_context(|| failed(&self.name))
    }

    /// Writes what was encoded, so that a reader has it at once. Returns false once the reader of a
    /// pipe has closed it.
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
        self.written += self.bytes.len() as u64;
        self.bytes.clear();
        Ok(true)
    }
}

fn failed(name: &str) -> String {
    format!("cannot write {name}")
}
