//! Samples as bytes.

use crate::SampleFormat;

/// A sample of 16 bits: clipped at ±1 and rounded towards zero, as pocket-tts does.
pub(crate) fn i16_of(sample: f32) -> i16 {
    (sample.clamp(-1.0, 1.0) * 32767.0) as i16
}

pub(crate) fn append(samples: &[f32], format: SampleFormat, out: &mut Vec<u8>) {
    match format {
        SampleFormat::I16 => out.extend(samples.iter().flat_map(|s| i16_of(*s).to_le_bytes())),
        SampleFormat::F32 => out.extend(samples.iter().flat_map(|s| s.to_le_bytes())),
    }
}
