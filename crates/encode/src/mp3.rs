//! MPEG layer III, by `rusty_mp3`, with an ID3 tag before it.
//!
//! A file has a LAME header in its first frame, with the length of the sound and the padding that
//! the encoder added at both ends, which gapless players drop. It is complete only at the end, so a
//! stream has none.

use rusty_mp3::{Error, Mp3Encoder, Mp3EncoderConfig};

use crate::error::failed;
use crate::{EncodeError, EncodeOptions, Format, Patch, Target};

/// Sample rates that layer III has.
pub(crate) const RATES: [u32; 9] = [
    8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000,
];
/// Kilobits per second.
const KILOBITS_PER_SECOND: u32 = 64;

pub(crate) struct Mp3 {
    encoder: Mp3Encoder,
    sample_rate: u32,
    target: Target,
    /// The ID3 tag, until it is written.
    tag: Option<Vec<u8>>,
    /// Bytes of the ID3 tag.
    tag_length: u64,
    packets: u64,
}

impl std::fmt::Debug for Mp3 {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = out.debug_struct("Mp3");
        out.field("sample_rate", &self.sample_rate)
            .field("packets", &self.packets)
            .finish_non_exhaustive()
    }
}

impl Mp3 {
    pub(crate) fn new(options: &EncodeOptions) -> Result<Self, EncodeError> {
        let sample_rate = options.sample_rate;
        Format::Mp3.check(sample_rate)?;
        let config = Mp3EncoderConfig {
            bitrate_kbps: KILOBITS_PER_SECOND,
            vbr_quality: None,
        };
        let mut tag = Vec::new();
        (options.tags.id3())
            .write_to(&mut tag, id3::Version::Id3v24)
            .map_err(failed(Format::Mp3))?;
        Ok(Self {
            encoder: Mp3Encoder::new(config),
            sample_rate,
            target: options.target,
            tag_length: tag.len() as u64,
            tag: Some(tag),
            packets: 0,
        })
    }

    pub(crate) fn push(&mut self, samples: &[f32], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let pushed = self.encoder.push_pcm_f32(samples, 1, self.sample_rate);
        pushed.map_err(failed(Format::Mp3))?;
        self.drain(out)
    }

    pub(crate) fn finish(mut self, out: &mut Vec<u8>) -> Result<Option<Patch>, EncodeError> {
        // Without a sample the encoder has no format.
        (self.encoder.push_pcm_f32(&[], 1, self.sample_rate)).map_err(failed(Format::Mp3))?;
        self.encoder.finish();
        self.drain(out)?;
        let header = match self.target {
            Target::Seekable => self.encoder.lame_tag_frame(),
            Target::Stream => None,
        };
        Ok(header.map(|header| Patch {
            offset: self.tag_length,
            bytes: header.to_vec(),
        }))
    }

    fn drain(&mut self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend(self.tag.take().unwrap_or_default());
        loop {
            match self.encoder.next_packet() {
                Ok(packet) => {
                    let is_header = self.packets == 0;
                    self.packets += 1;
                    if !(is_header && self.target == Target::Stream) {
                        out.extend(packet);
                    }
                }
                Err(Error::Again | Error::Eof) => return Ok(()),
                Err(error) => return Err(failed(Format::Mp3)(error)),
            }
        }
    }
}
