//! Stored floating-point formats and how they widen to `f32`.
//!
//! The loops are free of branches, so that they compile to vector code: the
//! check for NaN and infinity folds all values into one word and looks at it
//! once. They read bytes, so that the data may start at any address.

use half::{bf16, f16};
use safetensors::Dtype;

/// A format that `f32` holds exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Float {
    F32,
    F16,
    Bf16,
}

/// The exponent of an `f32`; all ones in NaN and infinity.
const EXPONENT: u32 = 0x7f80_0000;

/// Added to an exponent of all ones, it carries into the sign bit.
const CARRY: u32 = 0x0080_0000;

impl Float {
    /// The format of a dtype; `None` for integers, doubles and the rest.
    pub(crate) fn of(dtype: Dtype) -> Option<Self> {
        match dtype {
            Dtype::F32 => Some(Self::F32),
            Dtype::F16 => Some(Self::F16),
            Dtype::BF16 => Some(Self::Bf16),
            _ => None,
        }
    }

    /// Bytes of one value.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }

    /// Widens little-endian `bytes` to `out` and returns whether every value is finite. If one is
    /// not, `out` must not be used.
    pub(crate) fn widen(self, bytes: &[u8], out: &mut [f32]) -> bool {
        match self {
            Self::F32 => widen_f32(bytes.as_chunks().0, out),
            Self::F16 => widen_f16(bytes.as_chunks().0, out),
            Self::Bf16 => widen_bf16(bytes.as_chunks().0, out),
        }
    }

    /// Index of the first NaN or infinity in `bytes`; 0 where there is none.
    pub(crate) fn first_not_finite(self, bytes: &[u8]) -> usize {
        let (twos, fours) = (bytes.as_chunks().0, bytes.as_chunks().0);
        match self {
            Self::F32 => fours
                .iter()
                .position(|b| !f32::from_le_bytes(*b).is_finite()),
            Self::F16 => twos
                .iter()
                .position(|b| !f16::from_le_bytes(*b).is_finite()),
            Self::Bf16 => twos
                .iter()
                .position(|b| !bf16::from_le_bytes(*b).is_finite()),
        }
        .unwrap_or_default()
    }

    /// The nearest value of this format, ties to even.
    pub(crate) fn round(self, value: f32) -> f32 {
        match self {
            Self::F32 => value,
            Self::F16 => f16::from_f32(value).to_f32(),
            Self::Bf16 => bf16::from_f32(value).to_f32(),
        }
    }
}

fn widen_f32(bytes: &[[u8; 4]], out: &mut [f32]) -> bool {
    let mut seen = 0;
    for (out, bytes) in out.iter_mut().zip(bytes) {
        let bits = u32::from_le_bytes(*bytes);
        seen |= (bits & EXPONENT) + CARRY;
        *out = f32::from_bits(bits);
    }
    seen >> 31 == 0
}

fn widen_bf16(bytes: &[[u8; 2]], out: &mut [f32]) -> bool {
    let mut seen = 0;
    for (out, bytes) in out.iter_mut().zip(bytes) {
        let bits = u32::from(u16::from_le_bytes(*bytes)) << 16;
        seen |= (bits & EXPONENT) + CARRY;
        *out = f32::from_bits(bits);
    }
    seen >> 31 == 0
}

fn widen_f16(bytes: &[[u8; 2]], out: &mut [f32]) -> bool {
    // 2^112: the exponents of f16 and f32 are biased by 15 and 127. The product is
    // exact for subnormal values, too.
    let scale = f32::from_bits((127 + 112) << 23);
    let mut seen = 0;
    for (out, bytes) in out.iter_mut().zip(bytes) {
        let bits = u32::from(u16::from_le_bytes(*bytes));
        seen |= (bits & 0x7c00) + 0x0400;
        let magnitude = f32::from_bits((bits & 0x7fff) << 13) * scale;
        *out = f32::from_bits(magnitude.to_bits() | (bits & 0x8000) << 16);
    }
    seen >> 15 == 0
}

/// Rounds finite values to the nearest bf16, ties to even.
pub(crate) fn round_to_bf16(values: &mut [f32]) {
    for value in values {
        let bits = value.to_bits();
        *value = f32::from_bits((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff_0000);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every 16-bit pattern, at an even and at an odd address, against `half`.
    #[test]
    fn sixteen_bit_formats_widen_exactly() {
        type Oracle = fn(u16) -> f32;
        let cases: [(Float, Oracle); 2] = [
            (Float::F16, |bits| f16::from_bits(bits).to_f32()),
            (Float::Bf16, |bits| bf16::from_bits(bits).to_f32()),
        ];
        let mut failures = Vec::new();
        for (format, oracle) in cases {
            for bits in 0..=u16::MAX {
                let expected = oracle(bits);
                let [low, high] = bits.to_le_bytes();
                for at in 0..2 {
                    let bytes = [low, high, 0, 0];
                    let shifted = [0, low, high, 0];
                    let bytes = if at == 0 { &bytes[..2] } else { &shifted[1..3] };
                    let mut out = [0.0];
                    let finite = format.widen(bytes, &mut out);
                    let same = out[0].to_bits() == expected.to_bits();
                    if finite != expected.is_finite() || (finite && !same) {
                        failures.push((format, bits, at, out[0]));
                    }
                }
            }
        }
        assert!(failures.is_empty(), "{failures:?}");
    }

    #[test]
    fn f32_is_copied_bit_for_bit() {
        let values = [
            0.0,
            -0.0,
            1.5,
            f32::MIN_POSITIVE,
            f32::from_bits(1),
            f32::MAX,
            f32::MIN,
        ];
        let bytes: Vec<u8> = values.iter().flat_map(|v: &f32| v.to_le_bytes()).collect();
        let mut out = [7.0; 7];
        assert!(Float::F32.widen(&bytes, &mut out));
        assert_eq!(out.map(f32::to_bits), values.map(f32::to_bits));
    }

    /// One bad value anywhere in a long run must be seen, whatever lane it falls in.
    #[test]
    fn the_first_value_that_is_not_finite_is_found() {
        let mut failures = Vec::new();
        for format in [Float::F32, Float::F16, Float::Bf16] {
            for bad in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                for index in 0..67 {
                    let mut values = [1.25; 67];
                    values[index] = bad;
                    values[66] = bad;
                    let bytes: Vec<u8> = values
                        .iter()
                        .flat_map(|&value| match format {
                            Float::F32 => value.to_le_bytes().to_vec(),
                            Float::F16 => f16::from_f32(value).to_le_bytes().to_vec(),
                            Float::Bf16 => bf16::from_f32(value).to_le_bytes().to_vec(),
                        })
                        .collect();
                    let finite = format.widen(&bytes, &mut [0.0; 67]);
                    let found = format.first_not_finite(&bytes);
                    if finite || found != index {
                        failures.push((format, bad, index, found));
                    }
                }
            }
        }
        assert!(failures.is_empty(), "{failures:?}");
    }

    #[test]
    fn rounding_to_bf16_is_that_of_half() {
        let mut values: Vec<f32> = (0..100_000_u32)
            .map(|i| f32::from_bits(i.wrapping_mul(2_654_435_761)))
            .filter(|v| v.is_finite())
            .collect();
        let expected: Vec<u32> = values
            .iter()
            .map(|&v| bf16::from_f32(v).to_f32().to_bits())
            .collect();
        round_to_bf16(&mut values);
        let actual: Vec<u32> = values.iter().map(|v| v.to_bits()).collect();
        assert_eq!(actual, expected);
    }
}
