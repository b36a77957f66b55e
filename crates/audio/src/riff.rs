//! Reads real-world WAV files: RIFF, RIFX, RF64 and BW64, with wrong lengths. If a program was
//! killed before it wrote the number of samples, or could not seek back to write it, the samples go
//! up to the end of the file.
//!
//! `hound` and `symphonia` cannot read these files: both trust the lengths, and neither checks the
//! size of a frame.

use std::io::{self, BufReader, Read};
use std::time::Duration;

use crate::mix::Mixer;
use crate::pcm::{Coding, Pcm};
use crate::{Recording, WavError};

/// Bytes of a chunk's name and length.
const CHUNK_HEADER: usize = 8;
/// Longest format chunk that makes sense.
const LONGEST_FORMAT: u32 = 4096;
/// Lengths from here on are placeholders of a program that did not know the length.
const UNKNOWN: u64 = 0x7fff_f000;
/// Frames that are converted at a time.
const FRAMES_AT_ONCE: usize = 4096;

/// Reads a WAV file with uncompressed samples; `None` for any other file. Samples after `limit` are
/// ignored.
pub fn read_wav(
    input: &mut dyn Read,
    limit: Option<Duration>,
) -> Result<Option<Recording>, WavError> {
    let mut file = Riff {
        input: BufReader::with_capacity(1 << 16, input),
        big_endian: false,
    };
    let mut head = [0; 12];
    if file.fill(&mut head)? < head.len() || head[8..] != *b"WAVE" {
        return Ok(None);
    }
    file.big_endian = match &head[..4] {
        b"RIFF" | b"RF64" | b"BW64" => false,
        b"RIFX" => true,
        _ => return Ok(None),
    };
    file.chunks(limit)
}

/// Sample format that a file declares.
struct RiffFormat {
    pcm: Pcm,
    channels: usize,
    sample_rate: u32,
}

struct Riff<'a> {
    input: BufReader<&'a mut dyn Read>,
    big_endian: bool,
}

/// Name and length of a chunk.
type ChunkHeader = [u8; CHUNK_HEADER];

impl Riff<'_> {
    fn chunks(mut self, limit: Option<Duration>) -> Result<Option<Recording>, WavError> {
        let mut format = None;
        // The length of the samples if four bytes are too few for it.
        let mut long_length = None;
        let mut next = None;
        loop {
            let header = match next.take() {
                Some(header) => header,
                None => match self.header(false)? {
                    Some(header) => header,
                    None if format.is_none() => return Err(WavError::NoFormat),
                    None => return Err(WavError::NoSamples),
                },
            };
            let length = self.u32(&header[4..]);
            match &header[..4] {
                b"ds64" => {
                    let chunk = self.content(length)?;
                    long_length = chunk.get(8..16).map(|bytes| self.u64(bytes));
                }
                b"fmt " => {
                    let chunk = self.content(length.min(LONGEST_FORMAT))?;
                    self.skip(u64::from(length) - u64::from(length.min(LONGEST_FORMAT)))?;
                    match self.format(&chunk)? {
                        Some(found) => format = Some(found),
                        None => return Ok(None),
                    }
                }
                b"data" => {
                    let Some(format) = &format else {
                        return Err(WavError::NoFormat);
                    };
                    let length = match long_length {
                        Some(long) if length == u32::MAX => long,
                        _ => u64::from(length),
                    };
                    match self.samples(format, length, limit)? {
                        Samples::Found(recording) => return Ok(Some(recording)),
                        Samples::Chunk(header) => next = Some(header),
                        Samples::None => return Err(WavError::NoSamples),
                    }
                    continue;
                }
                _ => self.skip(u64::from(length))?,
            }
            next = self.header(length % 2 == 1)?;
            if next.is_none() {
                return Err(if format.is_none() {
                    WavError::NoFormat
                } else {
                    WavError::NoSamples
                });
            }
        }
    }

    /// The next chunk. A chunk of odd length is padded with a zero, which some programs forget.
    fn header(&mut self, after_odd: bool) -> Result<Option<ChunkHeader>, WavError> {
        let mut header = [0; CHUNK_HEADER];
        let mut filled = 0;
        if after_odd {
            filled = self.fill(&mut header[..1])?;
            if header[0] == 0 {
                filled = 0;
            }
        }
        filled += self.fill(&mut header[filled..])?;
        Ok((filled == CHUNK_HEADER).then_some(header))
    }

    /// The whole of a short chunk, or as much of it as there is.
    fn content(&mut self, length: u32) -> Result<Vec<u8>, WavError> {
        let mut content = Vec::new();
        let read = (&mut self.input)
            .take(u64::from(length.min(LONGEST_FORMAT)))
            .read_to_end(&mut content);
        read.map_err(WavError::Read)?;
        self.skip(u64::from(length.saturating_sub(LONGEST_FORMAT)))?;
        Ok(content)
    }

    /// The format; `None` if the samples are compressed.
    fn format(&self, chunk: &[u8]) -> Result<Option<RiffFormat>, WavError> {
        let Some(chunk) = chunk.get(..14).map(|_| chunk) else {
            return Err(WavError::NoFormat);
        };
        let u16_at = |at: usize| chunk.get(at..at + 2).map_or(0, |it| self.u16(it));
        // The extensible form has the coding at a later position.
        let code = match u16_at(0) {
            0xfffe if chunk.len() >= 26 => u16_at(24),
            0xfffe => 1,
            code => code,
        };
        let channels = usize::from(u16_at(2));
        let frame = usize::from(u16_at(12));
        let bits = u32::from(u16_at(14));
        let coding = match code {
            1 => Coding::Integer,
            3 => Coding::Float,
            6 => Coding::ALaw,
            7 => Coding::MuLaw,
            _ => return Ok(None),
        };
        let bits = match coding {
            Coding::ALaw | Coding::MuLaw => 8,
            Coding::Integer | Coding::Float => bits,
        };
        let contradiction = WavError::Contradiction {
            frame,
            channels,
            bits,
        };
        if channels == 0 || bits == 0 || bits > 64 {
            return Err(contradiction);
        }
        let container = match frame {
            // Nothing is declared, so nothing can contradict it.
            0 => bits.div_ceil(8) as usize,
            _ if frame % channels != 0 => return Err(contradiction),
            _ => frame / channels,
        };
        let possible = match coding {
            Coding::Integer => container <= 8 && 8 * container >= bits as usize,
            Coding::Float => matches!((bits, container), (32, 4) | (64, 8)),
            Coding::ALaw | Coding::MuLaw => container == 1,
        };
        if !possible {
            return Err(contradiction);
        }
        Ok(Some(RiffFormat {
            pcm: Pcm {
                coding,
                container,
                bits,
                big_endian: self.big_endian,
            },
            channels,
            sample_rate: self.u32(&chunk[4..8]),
        }))
    }

    /// Reads samples: `length` bytes of them, or as many as there are if that length is impossible.
    fn samples(
        &mut self,
        format: &RiffFormat,
        length: u64,
        limit: Option<Duration>,
    ) -> Result<Samples, WavError> {
        let frame = format.pcm.container * format.channels;
        // Whether integers are at the lower or the upper end of their containers can be told only
        // from all of them.
        let mut kept = format.pcm.is_padded().then(Vec::new);
        let mut mixer = Mixer::new(format.sample_rate, limit);
        let longest = limit.map_or(u64::MAX, |limit| {
            let frames = (limit.as_secs_f64() * f64::from(format.sample_rate)) as u64;
            (frames + 1).saturating_mul(frame as u64)
        });
        let mut left = if length >= UNKNOWN { u64::MAX } else { length };
        let mut bytes = vec![0; FRAMES_AT_ONCE * frame];
        let (mut filled, mut taken) = (0, 0_u64);
        let mut values = Vec::new();
        loop {
            let room = usize::try_from(left).unwrap_or(usize::MAX);
            let room = room.min(bytes.len() - filled);
            let read = self.fill(&mut bytes[filled..filled + room])?;
            filled += read;
            left -= read as u64;
            let whole = filled / frame * frame;
            if let Some(kept) = &mut kept {
                kept.extend_from_slice(&bytes[..whole]);
            } else {
                format.pcm.decode(&bytes[..whole], false, &mut values);
                mixer.interleaved(&values, format.channels);
            }
            bytes.copy_within(whole..filled, 0);
            filled -= whole;
            taken += whole as u64;
            if read < room || taken >= longest {
                break;
            }
            if left == 0 {
                // A correct length ends at another chunk, or at the end of the file.
                let fill = usize::from(length % 2 == 1);
                let mut behind = [0; CHUNK_HEADER + 1];
                let count = self.fill(&mut behind[..CHUNK_HEADER + fill])?;
                let behind = &behind[..count];
                let padded = behind.strip_prefix(&[0][..fill]).unwrap_or(behind);
                if let Some(&header) = padded.first_chunk::<CHUNK_HEADER>()
                    && is_name(&header[..4])
                {
                    if taken == 0 && padded.len() == CHUNK_HEADER {
                        return Ok(Samples::Chunk(header));
                    }
                    break;
                }
                if count < CHUNK_HEADER && filled == 0 {
                    break;
                }
                left = u64::MAX;
                bytes[filled..filled + count].copy_from_slice(behind);
                filled += count;
            }
        }
        if let Some(kept) = kept {
            let right = format.pcm.fits(&kept);
            format.pcm.decode(&kept, right, &mut values);
            mixer.interleaved(&values, format.channels);
        }
        Ok(if mixer.is_empty() {
            Samples::None
        } else {
            Samples::Found(mixer.finish())
        })
    }

    /// Reads until `out` is full or the file ends; returns the number of bytes read.
    fn fill(&mut self, out: &mut [u8]) -> Result<usize, WavError> {
        let mut filled = 0;
        while filled < out.len() {
            match self.input.read(&mut out[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(WavError::Read(error)),
            }
        }
        Ok(filled)
    }

    fn skip(&mut self, bytes: u64) -> Result<(), WavError> {
        let skipped = io::copy(&mut (&mut self.input).take(bytes), &mut io::sink());
        skipped.map(|_| ()).map_err(WavError::Read)
    }

    fn u16(&self, bytes: &[u8]) -> u16 {
        self.number(bytes) as u16
    }

    fn u32(&self, bytes: &[u8]) -> u32 {
        self.number(&bytes[..4]) as u32
    }

    fn u64(&self, bytes: &[u8]) -> u64 {
        self.number(bytes)
    }

    fn number(&self, bytes: &[u8]) -> u64 {
        let add = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        if self.big_endian {
            bytes.iter().fold(0, add)
        } else {
            bytes.iter().rev().fold(0, add)
        }
    }
}

/// What is found at the expected position of the samples.
enum Samples {
    Found(Recording),
    /// Another chunk, before any sample.
    Chunk(ChunkHeader),
    None,
}

/// Whether four bytes look like the name of a chunk.
fn is_name(bytes: &[u8]) -> bool {
    let plain = |&byte: &u8| byte.is_ascii_alphanumeric() || b" _-".contains(&byte);
    bytes.iter().all(plain) && bytes[0] != b' '
}
