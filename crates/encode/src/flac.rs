//! FLAC (RFC 9639), by `flacenc`: 16 bits, without loss.

use flacenc::bitsink::MemSink;
use flacenc::component::{BitRepr, StreamInfo};
use flacenc::config;
use flacenc::error::{Verified, Verify as _};
use flacenc::source::{Fill as _, FrameBuf};
use md5::{Digest as _, Md5};

use crate::error::failed;
use crate::{EncodeError, EncodeOptions, Format, Patch, Tags, Target, pcm};

/// Samples of a block: 96 ms at 24 kHz, so that a stream does not wait long. It is one of the sizes
/// with a short code in the frame's header.
const BLOCK: usize = 2304;
/// Bits of a sample.
const BITS: usize = 16;
/// Position of STREAMINFO: after the marker and its own block header.
const STREAM_INFO_AT: u64 = 8;
/// Number of the metadata block with Vorbis comments.
const VORBIS_COMMENT: u8 = 4;
/// Marks the last metadata block.
const LAST: u8 = 0x80;
/// Samples that STREAMINFO can count.
const COUNTED: u64 = 1 << 36;

#[derive(Debug)]
pub(crate) struct Flac {
    config: Verified<config::Encoder>,
    info: StreamInfo,
    tags: Tags,
    target: Target,
    begun: bool,
    block: FrameBuf,
    /// Samples of an incomplete block.
    waiting: Vec<i32>,
    /// MD5 of the samples' bytes, as the format requires.
    md5: Md5,
    written_frames: usize,
    samples: u64,
    /// Bytes of the shortest and of the longest frame.
    frame_sizes: Option<(usize, usize)>,
}

impl Flac {
    pub(crate) fn new(options: &EncodeOptions) -> Result<Self, EncodeError> {
        let config = config::Encoder::default().into_verified();
        let config = config.map_err(|(_, error)| failed(Format::Flac)(error))?;
        let mut info =
            StreamInfo::new(options.sample_rate as usize, 1, BITS).map_err(failed(Format::Flac))?;
        info.set_block_sizes(BLOCK, BLOCK)
            .map_err(failed(Format::Flac))?;
        info.set_frame_sizes(0, 0).map_err(failed(Format::Flac))?;
        Ok(Self {
            config,
            info,
            tags: options.tags.clone(),
            target: options.target,
            begun: false,
            block: FrameBuf::with_size(1, BLOCK).map_err(failed(Format::Flac))?,
            waiting: Vec::with_capacity(BLOCK),
            md5: Md5::new(),
            written_frames: 0,
            samples: 0,
            frame_sizes: None,
        })
    }

    pub(crate) fn push(&mut self, samples: &[f32], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.begin(out)?;
        for sample in samples {
            let sample = pcm::i16_of(*sample);
            self.md5.update(sample.to_le_bytes());
            self.waiting.push(sample.into());
            if self.waiting.len() == BLOCK {
                self.frame(out)?;
            }
        }
        self.samples += samples.len() as u64;
        Ok(())
    }

    pub(crate) fn finish(mut self, out: &mut Vec<u8>) -> Result<Option<Patch>, EncodeError> {
        self.begin(out)?;
        if !self.waiting.is_empty() {
            self.frame(out)?;
        }
        if self.target == Target::Stream {
            return Ok(None);
        }
        // A number that is too large is written as zero, which means unknown.
        if self.samples < COUNTED {
            self.info.set_total_samples(self.samples as usize);
        }
        self.info
            .set_md5_digest(&self.md5.clone().finalize().into());
        if let Some((shortest, longest)) = self.frame_sizes {
            (self.info.set_frame_sizes(shortest, longest)).map_err(failed(Format::Flac))?;
        }
        Ok(Some(Patch {
            offset: STREAM_INFO_AT,
            bytes: bits(&self.info)?,
        }))
    }

    /// Writes the metadata, if that is not done yet.
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        out.extend(b"fLaC");
        block(0, &bits(&self.info)?, out);
        block(VORBIS_COMMENT | LAST, &comments(&self.tags), out);
        Ok(())
    }

    /// Encodes the waiting samples as one frame.
    fn frame(&mut self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.block
            .fill_interleaved(&self.waiting)
            .map_err(failed(Format::Flac))?;
        self.waiting.clear();
        let frame = flacenc::encode_fixed_size_frame(
            &self.config,
            &self.block,
            self.written_frames,
            &self.info,
        );
        let bytes = bits(&frame.map_err(failed(Format::Flac))?)?;
        self.written_frames += 1;
        let length = bytes.len();
        self.frame_sizes = Some(match self.frame_sizes {
            None => (length, length),
            Some((shortest, longest)) => (shortest.min(length), longest.max(length)),
        });
        out.extend(bytes);
        Ok(())
    }
}

/// Appends a metadata block.
fn block(kind: u8, body: &[u8], out: &mut Vec<u8>) {
    out.push(kind);
    out.extend(&(body.len() as u32).to_be_bytes()[1..]);
    out.extend(body);
}

/// A block of Vorbis comments: lengths of 32 bits in little-endian order, then text.
fn comments(tags: &Tags) -> Vec<u8> {
    let mut body = Vec::new();
    let mut text = |text: &str| {
        body.extend((text.len() as u32).to_le_bytes());
        body.extend(text.as_bytes());
    };
    text("flacenc");
    let comments = tags.comments();
    let mut list = Vec::new();
    for (name, value) in &comments {
        let comment = format!("{name}={value}");
        list.extend((comment.len() as u32).to_le_bytes());
        list.extend(comment.as_bytes());
    }
    body.extend((comments.len() as u32).to_le_bytes());
    body.extend(list);
    body
}

fn bits(part: &impl BitRepr) -> Result<Vec<u8>, EncodeError> {
    let mut sink = MemSink::<u8>::with_capacity(part.count_bits());
    part.write(&mut sink).map_err(failed(Format::Flac))?;
    Ok(sink.into_inner())
}
