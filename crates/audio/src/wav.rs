//! WAV files, written while their length is unknown. The crate `hound` needs to seek, which a
//! pipe cannot.

use std::io::{self, Seek, SeekFrom, Write};

/// Bytes of the header.
const HEADER: usize = 44;

/// How samples are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleFormat {
    /// 16-bit integers: clipped at ±1 and rounded towards zero, as pocket-tts does.
    I16,
    /// 32-bit floating point.
    F32,
}

impl SampleFormat {
    fn bytes(self) -> u16 {
        match self {
            Self::I16 => 2,
            Self::F32 => 4,
        }
    }
}

/// Writes a mono WAV file. Until [`WavWriter::finish`] the header says that the length is
/// unknown, and players play to the end.
#[derive(Debug)]
pub struct WavWriter<W> {
    out: W,
    format: SampleFormat,
    sample_rate: u32,
    samples: u64,
    bytes: Vec<u8>,
}

impl<W: Write> WavWriter<W> {
    /// Writes the header.
    pub fn new(mut out: W, format: SampleFormat, sample_rate: u32) -> io::Result<Self> {
        out.write_all(&header(format, sample_rate, u32::MAX))?;
        Ok(Self {
            out,
            format,
            sample_rate,
            samples: 0,
            bytes: Vec::new(),
        })
    }

    /// Writes samples and sees to it that whoever reads can have them.
    pub fn write(&mut self, samples: &[f32]) -> io::Result<()> {
        self.bytes.clear();
        for sample in samples {
            match self.format {
                SampleFormat::I16 => {
                    let integer = (sample.clamp(-1.0, 1.0) * 32767.0) as i16;
                    self.bytes.extend(integer.to_le_bytes());
                }
                SampleFormat::F32 => self.bytes.extend(sample.to_le_bytes()),
            }
        }
        self.samples += samples.len() as u64;
        self.out.write_all(&self.bytes)?;
        self.out.flush()
    }

    /// Whether there is more than the header's length can say, 4 GiB: some programs then read no
    /// further.
    pub fn is_too_long(&self) -> bool {
        u32::try_from(self.bytes_of_samples()).is_err()
    }

    fn bytes_of_samples(&self) -> u64 {
        self.samples * u64::from(self.format.bytes())
    }

    /// What is written to.
    pub fn get_ref(&self) -> &W {
        &self.out
    }

    /// What was written to.
    pub fn into_inner(self) -> W {
        self.out
    }
}

impl<W: Write + Seek> WavWriter<W> {
    /// Puts the length into the header.
    pub fn finish(mut self) -> io::Result<W> {
        let length = length_in_header(self.bytes_of_samples());
        self.out.seek(SeekFrom::Start(0))?;
        self.out
            .write_all(&header(self.format, self.sample_rate, length))?;
        self.out.seek(SeekFrom::End(0))?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Beyond 4 GiB the format has no length; the header goes on saying that it is unknown, and players
/// play to the end.
fn length_in_header(bytes: u64) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

fn header(format: SampleFormat, sample_rate: u32, length: u32) -> [u8; HEADER] {
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
    let mut array = [0; HEADER];
    array.copy_from_slice(&header);
    array
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    const SAMPLES: [f32; 7] = [0.0, 0.5, -0.5, 1.0, -1.0, 1.5, -2.0];

    #[test]
    fn another_reader_reads_what_was_written() {
        let mut writer =
            WavWriter::new(Cursor::new(Vec::new()), SampleFormat::I16, 24_000).unwrap();
        writer.write(&SAMPLES[..3]).unwrap();
        writer.write(&SAMPLES[3..]).unwrap();
        let file = writer.finish().unwrap().into_inner();
        let mut reader = hound::WavReader::new(&file[..]).unwrap();
        assert_eq!(
            (reader.spec().sample_rate, reader.spec().channels),
            (24_000, 1)
        );
        let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
        assert_eq!(samples, [0, 16383, -16383, 32767, -32767, 32767, -32767]);

        let mut writer =
            WavWriter::new(Cursor::new(Vec::new()), SampleFormat::F32, 48_000).unwrap();
        writer.write(&SAMPLES).unwrap();
        let file = writer.finish().unwrap().into_inner();
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
    fn a_pipe_gets_a_header_of_unknown_length() {
        let mut writer = WavWriter::new(Vec::new(), SampleFormat::I16, 24_000).unwrap();
        writer.write(&SAMPLES).unwrap();
        let file = writer.into_inner();
        assert_eq!(file.len(), HEADER + 2 * SAMPLES.len());
        assert_eq!(file[4..8], [0xff; 4]);
        assert_eq!(file[40..44], [0xff; 4]);
    }
}
