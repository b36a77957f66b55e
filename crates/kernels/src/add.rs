//! Addition, in place.

use crate::isa::CpuKernels;
use crate::simd::{Simd, SimdOp};

/// `x += y`, or `x += scale * y`.
struct Add<'a> {
    x: &'a mut [f32],
    y: &'a [f32],
    scale: Option<&'a [f32]>,
}

impl SimdOp for Add<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Some(scale) = self.scale else {
            for (x, y) in self.x.iter_mut().zip(self.y) {
                *x += y;
            }
            return;
        };
        let rows = (self.x.chunks_exact_mut(scale.len())).zip(self.y.chunks_exact(scale.len()));
        for (x, y) in rows {
            for ((x, y), scale) in x.iter_mut().zip(y).zip(scale) {
                *x += y * scale;
            }
        }
    }
}

impl CpuKernels {
    /// `x += y`, as far as `y` goes.
    pub fn add(self, x: &mut [f32], y: &[f32]) {
        self.run(Add { x, y, scale: None });
    }

    /// `x += scale * y`, row by row of as many values as `scale` has.
    ///
    /// # Panics
    ///
    /// If `scale` is empty.
    pub fn add_scaled(self, x: &mut [f32], y: &[f32], scale: &[f32]) {
        assert!(!scale.is_empty(), "scale");
        let scale = Some(scale);
        self.run(Add { x, y, scale });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Isa;

    #[test]
    fn sums_are_exact() {
        let y: Vec<f32> = (0..38_u8).map(f32::from).collect();
        for isa in Isa::available() {
            let kernels = CpuKernels::new(isa).unwrap();
            let mut x = vec![1.0; 38];
            kernels.add(&mut x, &y);
            let sums: Vec<f32> = y.iter().map(|y| 1.0 + y).collect();
            assert_eq!(x, sums, "{isa:?}");
            let scale: Vec<f32> = (0..19_u8).map(f32::from).collect();
            kernels.add_scaled(&mut x, &y, &scale);
            let sums = sums.iter().zip(&y).enumerate();
            let scaled: Vec<f32> = sums.map(|(i, (sum, y))| sum + scale[i % 19] * y).collect();
            assert_eq!(x, scaled, "{isa:?}");
        }
    }
}
