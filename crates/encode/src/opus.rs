//! Opus in Ogg (RFC 6716, RFC 7845), by `opus-pure`.
//!
//! The encoder delays the sound by some milliseconds, and codes whole packets. So the header says
//! how much a player drops at the start (pre-skip), and the last page's granule position says where
//! the sound ends, in samples of 48 kHz including the dropped ones.

use opus_pure::{
    Application, MAX_PACKET_BYTES, OggOpusWriter, OpusEncoder, OpusHead, OpusTags, Signal,
};

use crate::error::failed;
use crate::{EncodeError, EncodeOptions, Format, Target};

/// Sample rates that Opus takes.
pub(crate) const RATES: [u32; 5] = [8_000, 12_000, 16_000, 24_000, 48_000];
/// Opus counts time at this rate, whatever the input's is.
const CLOCK: u32 = 48_000;
/// Packets per second: 20 ms each.
const PACKETS: u32 = 50;
/// Bits per second. Speech sounds transparent to most people from 24,000 on.
const BITS_PER_SECOND: i32 = 32_000;
/// Bytes of a page in a stream, about 100 ms: a player gets a page when it is full.
const STREAM_PAGE: usize = 400;
/// Packets of a stream that get a page of their own, so that it begins at once.
const FIRST_PAGES: u64 = 8;

#[derive(Debug)]
pub(crate) struct Opus {
    encoder: OpusEncoder,
    /// Its sink contains what was not returned yet.
    writer: OggOpusWriter<Vec<u8>>,
    target: Target,
    /// Samples of a packet.
    packet: usize,
    /// Samples of an incomplete packet.
    waiting: Vec<f32>,
    samples: u64,
    packets: u64,
    /// Clock samples per input sample.
    scale: u64,
    /// In clock samples.
    pre_skip: u64,
}

impl Opus {
    pub(crate) fn new(options: &EncodeOptions) -> Result<Self, EncodeError> {
        let sample_rate = options.sample_rate;
        Format::Opus.check(sample_rate)?;
        let encoder = OpusEncoder::new(sample_rate as i32, 1, Application::Audio);
        let mut encoder = encoder.map_err(failed(Format::Opus))?;
        encoder.bitrate_bps = BITS_PER_SECOND;
        encoder.signal_type = Some(Signal::Voice);
        let head = OpusHead::for_encoder(&encoder, sample_rate);
        let pre_skip = head.pre_skip.into();
        let mut tags = OpusTags::new();
        for (name, value) in options.tags.comments() {
            tags.push(name, value).map_err(failed(Format::Opus))?;
        }
        let mut writer =
            OggOpusWriter::with_tags(Vec::new(), head, tags).map_err(failed(Format::Opus))?;
        if options.target == Target::Stream {
            writer.set_page_target(1);
        }
        Ok(Self {
            encoder,
            writer,
            target: options.target,
            packet: (sample_rate / PACKETS) as usize,
            waiting: Vec::new(),
            samples: 0,
            packets: 0,
            scale: (CLOCK / sample_rate).into(),
            pre_skip,
        })
    }

    pub(crate) fn push(&mut self, samples: &[f32], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.waiting.extend_from_slice(samples);
        self.samples += samples.len() as u64;
        // The last packet is written by `finish`, which knows how long it is.
        let ready = self.waiting.len().saturating_sub(1) / self.packet;
        let waiting = std::mem::take(&mut self.waiting);
        let (now, later) = waiting.split_at(ready * self.packet);
        for packet in now.chunks_exact(self.packet) {
            let bytes = self.encode(packet)?;
            self.writer
                .write_packet(&bytes)
                .map_err(failed(Format::Opus))?;
            self.packets += 1;
            if self.target == Target::Stream && self.packets == FIRST_PAGES {
                self.writer.set_page_target(STREAM_PAGE);
            }
        }
        self.waiting = later.to_vec();
        if let Some(sink) = self.writer.get_mut() {
            out.append(sink);
        }
        Ok(())
    }

    pub(crate) fn finish(mut self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let end = self.pre_skip + self.samples * self.scale;
        let mut rest = std::mem::take(&mut self.waiting);
        let whole = self.packet as u64 * self.scale;
        loop {
            let written = self.writer.granule().unsigned_abs();
            let left = end.saturating_sub(written);
            if left == 0 {
                break;
            }
            let taken = rest.len().min(self.packet);
            let mut packet: Vec<f32> = rest.drain(..taken).collect();
            packet.resize(self.packet, 0.0);
            let bytes = self.encode(&packet)?;
            let length = left.min(whole) as u32;
            (self.writer.write_packet_with_duration(&bytes, length))
                .map_err(failed(Format::Opus))?;
        }
        out.append(&mut self.writer.finish().map_err(failed(Format::Opus))?);
        Ok(())
    }

    fn encode(&mut self, packet: &[f32]) -> Result<Vec<u8>, EncodeError> {
        let mut bytes = vec![0; MAX_PACKET_BYTES];
        let length = self.encoder.encode(packet, packet.len(), &mut bytes);
        bytes.truncate(length.map_err(failed(Format::Opus))?);
        Ok(bytes)
    }
}
