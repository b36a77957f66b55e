//! Rows that kernels read.

use std::hint::black_box;

use crate::size::size;

/// Rows of a factor. They may overlap, as the windows of a convolution do.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// Row `i` starts at `i * stride`.
    pub values: &'a [f32],
    /// How many rows.
    pub count: usize,
    /// Values from the start of one row to the start of the next.
    pub stride: usize,
}

impl<'a> Rows<'a> {
    /// Rows of `width` values, one after the other.
    pub fn new(values: &'a [f32], width: usize) -> Self {
        Self {
            values,
            count: values.len().checked_div(width).unwrap_or(0),
            stride: width,
        }
    }

    /// Values that rows of `width` values reach to. No slice is as long as the sizes that wrap.
    pub(crate) fn needed(&self, width: usize) -> usize {
        match self.count.checked_sub(1) {
            Some(before) => size([before, self.stride]).saturating_add(width),
            None => 0,
        }
    }
}

/// `R` rows for a loop over their inputs: the first one, and what they are apart, as numbers that a
/// compiler does not know. It would find where each row begins anew for every input, by more
/// instructions than the products take.
#[inline(always)]
pub(crate) fn rows_for_loop<T, const R: usize>(
    first: *const T,
    stride: usize,
) -> (*const T, usize) {
    if R == 1 || cfg!(target_arch = "wasm32") {
        (first, stride)
    } else {
        black_box((first, stride))
    }
}
