//! From numbers to integers. All values are finite.

/// Largest magnitude of `values`, 0 of none.
pub(crate) fn largest_magnitude(values: &[f32]) -> f32 {
    // Finite numbers are in the order of their bits, which compilers compare in lanes.
    let magnitude = |value: &f32| value.to_bits() & 0x7fff_ffff;
    f32::from_bits(values.iter().map(magnitude).max().unwrap_or_default())
}

/// The nearest integer, ties to even, cut to `min..=max` (at most 2^22 in magnitude).
pub(crate) fn nearest(value: f32, min: i32, max: i32) -> i32 {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Q8_MAX, Q16_MAX};

    #[test]
    fn scales_of_nothing_are_zero() {
        assert_eq!(largest_magnitude(&[]).to_bits(), 0);
        assert_eq!(largest_magnitude(&[-2.0, 1.0]).to_bits(), 2.0_f32.to_bits());
        assert_eq!(quantise(0.0, 0.0, Q8_MAX), 0);
    }

    proptest! {
        #[test]
        fn rounding_is_to_the_nearest(value in -9000.0_f32..9000.0) {
            prop_assert_eq!(
                quantise(value, 1.0, Q16_MAX),
                (value.round_ties_even() as i32).clamp(-Q16_MAX, Q16_MAX)
            );
        }
    }
}
