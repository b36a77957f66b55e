//! From numbers to integers and scales.

use half::f16;

/// Largest magnitude of a q8 number.
pub const Q8_MAX: i32 = 127;
/// Largest magnitude of a q16 number: 32 products with activations of the same bound fit
/// into 32 bits.
pub const Q16_MAX: i32 = 8191;
/// Inputs that share a scale in q4.
pub const Q4_BLOCK: usize = 32;
/// What is added to a q4 number, -8 to 7, so that it has no sign.
pub(crate) const Q4_OFFSET: i32 = 8;

/// The scale that maps `values` to integers up to `max`.
pub(crate) fn symmetric_scale(values: impl Iterator<Item = f32>, max: i32) -> f32 {
    values.fold(0.0_f32, |largest, value| largest.max(value.abs())) / max as f32
}

/// The integer nearest to `value / scale`, at most `max` in magnitude.
pub(crate) fn quantise(value: f32, scale: f32, max: i32) -> i32 {
    if scale == 0.0 {
        return 0;
    }
    ((value / scale).round() as i32).clamp(-max, max)
}

/// The scale of a block of q4: its largest value becomes -8, so that no code is lost.
pub(crate) fn q4_scale(block: impl Iterator<Item = f32>) -> f16 {
    let largest = block.fold(0.0_f32, |a, b| if b.abs() > a.abs() { b } else { a });
    let scale = f16::from_f32(largest / -(Q4_OFFSET as f32));
    // Beyond f16 there is only infinity.
    if scale.is_finite() {
        scale
    } else {
        f16::MAX.copysign(scale)
    }
}

/// The q4 number nearest to `value / scale`.
pub(crate) fn quantise_q4(value: f32, scale: f16) -> i32 {
    let scale = scale.to_f32();
    if scale == 0.0 {
        return 0;
    }
    ((value / scale).round() as i32).clamp(-Q4_OFFSET, Q4_OFFSET - 1)
}
