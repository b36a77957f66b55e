//! From numbers to integers and scales. All values are finite.

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

/// Two to the power of `exponent`, which is at least -126.
#[inline]
pub fn power_of_two(exponent: i8) -> f32 {
    f32::from_bits((127 + i32::from(exponent)).cast_unsigned() << 23)
}

/// The smallest exponent with which an 8-bit number is a scale that makes `largest` an integer
/// of magnitude `offset`.
pub(crate) fn exponent(largest: f32, offset: i32) -> i8 {
    let scale = largest / offset as f32;
    // The number is at least 64 then, and at most 128: where it is more than 127, one more.
    let exponent = (scale.to_bits() >> 23).cast_signed() - 127 - 6;
    let least = exponent.max(-126) as i8;
    least + i8::from(scale > 127.0 * power_of_two(least))
}

/// The scale of a block of values.
pub(crate) struct BlockScale {
    /// It times the power of two is the scale.
    pub(crate) number: i8,
    /// 1 / scale, or 0.
    inverse: f32,
    offset: i32,
}

impl BlockScale {
    /// The scale that makes the largest value -`offset`, so that no code is lost.
    pub(crate) fn new(block: &[f32], exponent: i8, offset: i32) -> Self {
        let least = block
            .iter()
            .fold(0.0, |a: f32, b| if *b < a { *b } else { a });
        let most = block
            .iter()
            .fold(0.0, |a: f32, b| if *b > a { *b } else { a });
        let largest = if most > -least { most } else { least };
        let power = power_of_two(exponent);
        let number = nearest(largest / power / -(offset as f32), -127, 127);
        Self {
            number: number as i8,
            inverse: match number {
                0 => 0.0,
                _ => 1.0 / (number as f32 * power),
            },
            offset,
        }
    }

    /// The number nearest to `value / scale`, from -`offset` to `offset` - 1, plus `offset`.
    pub(crate) fn code(&self, value: f32) -> u8 {
        let number = nearest(value * self.inverse, -self.offset, self.offset - 1);
        (number + self.offset) as u8
    }
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
        let nothing = BlockScale::new(&[0.0; BLOCK], exponent(0.0, Q4_OFFSET), Q4_OFFSET);
        assert_eq!(
            (nothing.number, i32::from(nothing.code(0.0))),
            (0, Q4_OFFSET)
        );
    }

    #[test]
    fn scales_of_blocks_have_no_range() {
        for offset in [Q4_OFFSET, Q6_OFFSET] {
            for largest in [f32::MAX, 1.0, -127.0 / 128.0, -255.0 / 256.0, 1e-34] {
                let exponent = exponent(largest.abs(), offset);
                let scale = BlockScale::new(&[largest / 2.0, largest], exponent, offset);
                assert!((63..=127).contains(&scale.number.abs()), "{}", scale.number);
                assert_eq!((scale.code(largest), scale.number < 0), (0, largest > 0.0));
            }
            // Numbers that only subnormals could scale are nothing.
            let exponent = exponent(1e-40, offset);
            let scale = BlockScale::new(&[1e-40], exponent, offset);
            assert_eq!(i32::from(scale.code(1e-40)), offset);
        }
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
