//! From numbers to integers and scales. All values are finite.

use half::f16;

/// Largest magnitude of a q8 number.
pub const Q8_MAX: i32 = 127;
/// Largest magnitude of a q16 number: 32 products with activations of the same bound fit
/// into 32 bits.
pub const Q16_MAX: i32 = 8191;
/// Inputs that share a scale in q6 and q4.
pub const BLOCK: usize = 32;
/// What is added to a q6 number, -32 to 31, so that it has no sign.
pub const Q6_OFFSET: i32 = 32;
/// What is added to a q4 number, -8 to 7, so that it has no sign.
pub const Q4_OFFSET: i32 = 8;

/// Largest magnitude of `values`, 0 of none.
pub(crate) fn largest_magnitude(values: &[f32]) -> f32 {
    // Finite numbers are in the order of their bits, which compilers compare in lanes.
    let magnitude = |value: &f32| value.to_bits() & 0x7fff_ffff;
    f32::from_bits(values.iter().map(magnitude).max().unwrap_or_default())
}

/// The nearest integer, ties to even, cut to `min..=max` (at most 2^22 in magnitude).
fn nearest(value: f32, min: i32, max: i32) -> i32 {
    // 1.5 * 2^23: whatever is added to it is rounded to its last place, which counts ones.
    const ONES: f32 = 12_582_912.0;
    let cut = value.max(min as f32).min(max as f32);
    ((cut + ONES).to_bits() as i32).wrapping_sub(ONES.to_bits() as i32)
}

/// The integer nearest to `value / scale`, at most `max` in magnitude.
pub(crate) fn quantise(value: f32, scale: f32, max: i32) -> i32 {
    if scale == 0.0 {
        return 0;
    }
    nearest(value / scale, -max, max)
}

/// The scale of a block whose largest value becomes -`offset`, so that no code is lost.
pub(crate) fn block_scale(block: &[f32], offset: i32) -> f16 {
    let magnitude = largest_magnitude(block);
    // Of two of that magnitude the first counts.
    let largest = block.iter().find(|value| value.abs() >= magnitude);
    let scale = f16::from_f32(largest.copied().unwrap_or_default() / -(offset as f32));
    // Beyond f16 there is only infinity.
    if scale.is_finite() {
        scale
    } else {
        f16::MAX.copysign(scale)
    }
}

/// The number nearest to `value / scale`, from -`offset` to `offset` - 1, plus `offset`.
pub(crate) fn block_code(value: f32, scale: f16, offset: i32) -> u8 {
    let scale = scale.to_f32();
    if scale == 0.0 {
        return offset as u8;
    }
    (nearest(value / scale, -offset, offset - 1) + offset) as u8
}

/// The nearest bf16 number, ties to even.
pub(crate) fn bf16_bits(value: f32) -> u16 {
    let bits = value.to_bits();
    (bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16) as u16
}

#[cfg(test)]
mod tests {
    use half::bf16;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scales_of_nothing_are_zero() {
        assert_eq!(largest_magnitude(&[]).to_bits(), 0);
        assert_eq!(largest_magnitude(&[-2.0, 1.0]).to_bits(), 2.0_f32.to_bits());
        assert_eq!(quantise(0.0, 0.0, Q8_MAX), 0);
        let nothing = block_scale(&[0.0; BLOCK], Q4_OFFSET);
        assert_eq!(i32::from(block_code(0.0, nothing, Q4_OFFSET)), Q4_OFFSET);
        // The largest values that there are.
        let scale = block_scale(&[f32::MAX, -f32::MAX], Q4_OFFSET);
        assert_eq!(scale, -f16::MAX);
        assert_eq!(block_code(-f32::MAX, scale, Q4_OFFSET), 15);
    }

    proptest! {
        #[test]
        fn rounding_is_to_the_nearest(value in -9000.0_f32..9000.0, small in -1e-30_f32..1e-30) {
            prop_assert_eq!(
                quantise(value, 1.0, Q16_MAX),
                (value.round_ties_even() as i32).clamp(-Q16_MAX, Q16_MAX)
            );
            for value in [value, small] {
                prop_assert_eq!(bf16_bits(value), bf16::from_f32(value).to_bits());
            }
        }
    }
}
