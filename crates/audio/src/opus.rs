//! Opus, which `symphonia` unpacks but does not decode.

use opus_pure::{OpusDecoder, OpusMSDecoder};

/// Byte order of the numbers in an identification header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ByteOrder {
    /// Little-endian, as in RFC 7845.
    Little,
    /// Big-endian, as in MPEG-4 files.
    Big,
}

/// Sample rate of all decoded sound.
pub(crate) const SAMPLE_RATE: u32 = 48_000;
/// Samples of the longest packet: 120 ms.
const LONGEST_PACKET: usize = 5760;

/// Decodes the packets of one stream.
pub(crate) struct OpusTrack {
    decoder: OpusChannels,
    channels: usize,
    /// Frames at the beginning that are the encoder's delay.
    delay: usize,
    /// The gain from the header, which a player multiplies with.
    gain: f32,
    samples: Vec<f32>,
}

enum OpusChannels {
    /// One or two channels.
    One(Box<OpusDecoder>),
    /// Several streams in each packet.
    Several(Box<OpusMSDecoder>),
}

impl OpusTrack {
    /// From the identification header of RFC 7845, and the number of channels that the container
    /// names. `None` for an unknown channel layout.
    pub(crate) fn new(
        head: Option<&[u8]>,
        order: ByteOrder,
        channels: Option<usize>,
    ) -> Option<Self> {
        let head = head.filter(|head| head.len() >= 19 && head.starts_with(b"OpusHead"));
        let field = |at: usize| {
            let head = head?;
            let bytes = [*head.get(at)?, *head.get(at + 1)?];
            Some(match order {
                ByteOrder::Little => u16::from_le_bytes(bytes),
                ByteOrder::Big => u16::from_be_bytes(bytes),
            })
        };
        let channels = match head {
            Some(head) => usize::from(head[9]),
            None => channels.unwrap_or(2),
        };
        let family = head.map_or(0, |head| head[18]);
        let rate = SAMPLE_RATE.cast_signed();
        let decoder = if family == 0 {
            OpusChannels::One(Box::new(OpusDecoder::new(rate, channels).ok()?))
        } else {
            let decoder = OpusMSDecoder::new(rate, channels, family).ok()?;
            OpusChannels::Several(Box::new(decoder))
        };
        let decibels = field(16).map_or(0.0, |it| f32::from(it.cast_signed()) / 256.0);
        Some(Self {
            decoder,
            channels,
            delay: field(10).map_or(0, usize::from),
            gain: 10_f32.powf(decibels / 20.0),
            samples: vec![0.0; LONGEST_PACKET * channels],
        })
    }

    pub(crate) fn channels(&self) -> usize {
        self.channels
    }

    /// The interleaved samples of a packet; `None` for a damaged one.
    pub(crate) fn decode(&mut self, packet: &[u8]) -> Option<&[f32]> {
        let decoded = match &mut self.decoder {
            OpusChannels::One(decoder) => decoder.decode(packet, LONGEST_PACKET, &mut self.samples),
            OpusChannels::Several(decoder) => {
                decoder.decode(packet, LONGEST_PACKET, &mut self.samples)
            }
        };
        let frames = decoded.ok()?;
        let skipped = frames.min(self.delay);
        self.delay -= skipped;
        let samples = &mut self.samples[skipped * self.channels..frames * self.channels];
        for sample in &mut *samples {
            *sample *= self.gain;
        }
        Some(samples)
    }
}
