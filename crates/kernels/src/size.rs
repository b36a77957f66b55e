//! Sizes of slices.

/// The product of some sizes: how many numbers a shape has. `usize::MAX` stands for what no
/// integer holds; no slice is so long and none can be made, so comparisons and allocations fail.
#[inline(always)]
pub(crate) fn size<const N: usize>(shape: [usize; N]) -> usize {
    shape.into_iter().fold(1, usize::saturating_mul)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_does_not_wrap() {
        assert_eq!(size([2, 3, 4]), 24);
        assert_eq!(size([usize::MAX, 0]), 0);
        assert_eq!(size([1 << (usize::BITS - 1), 2]), usize::MAX);
    }
}
