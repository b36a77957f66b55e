//! WAV files whose length is unknown while they are written. The crate `hound` needs to seek, which
//! a pipe cannot.

use crate::{EncodeOptions, Patch, SampleFormat, pcm};

/// Bytes of the header.
const HEADER: usize = 44;

#[derive(Debug)]
pub(crate) struct Wav {
    format: SampleFormat,
    sample_rate: u32,
    begun: bool,
    samples: u64,
}

impl Wav {
    pub(crate) fn new(format: SampleFormat, options: &EncodeOptions) -> Self {
        Self {
            format,
            sample_rate: options.sample_rate,
            begun: false,
            samples: 0,
        }
    }

    pub(crate) fn push(&mut self, samples: &[f32], out: &mut Vec<u8>) {
        self.begin(out);
        pcm::append(samples, self.format, out);
        self.samples += samples.len() as u64;
    }

    pub(crate) fn finish(mut self, out: &mut Vec<u8>) -> Patch {
        self.begin(out);
        let length = length_in_header(self.samples * u64::from(self.format.bytes()));
        Patch {
            offset: 0,
            bytes: header(self.format, self.sample_rate, length),
        }
    }

    /// Writes the header, with an unknown length: players play to the end.
    fn begin(&mut self, out: &mut Vec<u8>) {
        if !self.begun {
            self.begun = true;
            out.extend(header(self.format, self.sample_rate, u32::MAX));
        }
    }
}

/// Beyond 4 GiB the format has no length; the header goes on saying that it is unknown, and players
/// play to the end.
fn length_in_header(bytes: u64) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

fn header(format: SampleFormat, sample_rate: u32, length: u32) -> Vec<u8> {
    let bytes = format.bytes();
    let tag: u16 = match format {
        SampleFormat::I16 => 1,
        SampleFormat::F32 => 3,
    };
    let mut header = Vec::with_capacity(HEADER);
    header.extend(b"RIFF");
    header.extend(length.saturating_add(HEADER as u32 - 8).to_le_bytes());
    header.extend(b"WAVEfmt ");
    header.extend(16_u32.to_le_bytes());
    header.extend(tag.to_le_bytes());
    header.extend(1_u16.to_le_bytes());
    header.extend(sample_rate.to_le_bytes());
    header.extend((sample_rate * u32::from(bytes)).to_le_bytes());
    header.extend(bytes.to_le_bytes());
    header.extend((bytes * 8).to_le_bytes());
    header.extend(b"data");
    header.extend(length.to_le_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Encoder, Format, Tags, Target};

    const SAMPLES: [f32; 7] = [0.0, 0.5, -0.5, 1.0, -1.0, 1.5, -2.0];

    #[test]
    fn another_reader_reads_what_was_written() {
        let encode = |format, rate| {
            Encoder::encode(Format::Wav(format), rate, Tags::default(), &SAMPLES).unwrap()
        };
        let file = encode(SampleFormat::I16, 24_000);
        let mut reader = hound::WavReader::new(&file[..]).unwrap();
        let spec = reader.spec();
        assert_eq!((spec.sample_rate, spec.channels), (24_000, 1));
        let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
        assert_eq!(samples, [0, 16383, -16383, 32767, -32767, 32767, -32767]);

        let file = encode(SampleFormat::F32, 48_000);
        let mut reader = hound::WavReader::new(&file[..]).unwrap();
        let samples: Vec<f32> = reader.samples().map(Result::unwrap).collect();
        assert_eq!(samples, SAMPLES);
    }

    #[test]
    fn a_file_of_more_than_4_gib_says_that_its_length_is_unknown() {
        let four = 1_u64 << 32;
        for (bytes, data, riff) in [
            (0, 0, 36),
            (four - 40, u32::MAX - 39, u32::MAX - 3),
            (four - 2, u32::MAX - 1, u32::MAX),
            (four, u32::MAX, u32::MAX),
            (9 * four, u32::MAX, u32::MAX),
        ] {
            let header = header(SampleFormat::I16, 24_000, length_in_header(bytes));
            assert_eq!(header[40..44], data.to_le_bytes(), "{bytes}");
            assert_eq!(header[4..8], riff.to_le_bytes(), "{bytes}");
        }
    }

    #[test]
    fn a_stream_gets_a_header_of_unknown_length() {
        let options = EncodeOptions {
            sample_rate: 24_000,
            target: Target::Stream,
            tags: Tags::default(),
        };
        let mut encoder = Encoder::new(Format::Wav(SampleFormat::I16), &options).unwrap();
        let mut file = Vec::new();
        encoder.push(&SAMPLES, &mut file).unwrap();
        encoder.finish(&mut file).unwrap();
        assert_eq!(file.len(), HEADER + 2 * SAMPLES.len());
        assert_eq!(file[4..8], [0xff; 4]);
        assert_eq!(file[40..44], [0xff; 4]);
    }
}
