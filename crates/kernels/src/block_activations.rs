//! Activations of 8 bits, beside weights in codes.

use weights::QUANT_BLOCK as BLOCK;

use crate::Rows;
use crate::activations::Quantise;
use crate::isa::{Kernel, Kernels};
use crate::simd::Simd;
use crate::size::size;

/// Rows of 8-bit activations, whose blocks of [`BLOCK`] have a scale each.
#[derive(Clone, Debug, Default)]
pub(crate) struct BlockActivations {
    /// `[rows, blocks, BLOCK]`, with zeros where inputs do not fill the last block.
    pub(crate) values: Vec<i8>,
    /// `[rows, blocks]`
    pub(crate) scales: Vec<f32>,
    /// The sum of each block's.
    pub(crate) sums: Vec<i32>,
}

impl BlockActivations {
    /// Takes in `rows` of `inputs` values.
    pub(crate) fn quantise(&mut self, kernels: Kernels, rows: Rows<'_>, inputs: usize) {
        let blocks = inputs.div_ceil(BLOCK);
        self.values.resize(size([rows.count, blocks, BLOCK]), 0);
        self.scales.resize(size([rows.count, blocks]), 0.0);
        self.sums.resize(size([rows.count, blocks]), 0);
        let kernel = QuantiseBlocks {
            rows,
            inputs,
            out: self,
        };
        // SAFETY: the kernel needs nothing but its slices.
        unsafe { kernels.run(kernel) };
    }

    /// What the rows that were taken in have lost, `[rows, inputs]`.
    pub(crate) fn residual(&self, rows: Rows<'_>, inputs: usize, out: &mut Vec<f32>) {
        out.clear();
        let mut blocks = self.values.as_chunks::<BLOCK>().0.iter().zip(&self.scales);
        for row in 0..rows.count {
            let row = &rows.values[row * rows.stride..][..inputs];
            for (block, (integers, scale)) in row.chunks(BLOCK).zip(blocks.by_ref()) {
                let lost = |(x, a): (&f32, &i8)| x - f32::from(*a) * scale;
                out.extend(block.iter().zip(integers).map(lost));
            }
        }
    }
}

struct QuantiseBlocks<'a> {
    rows: Rows<'a>,
    inputs: usize,
    /// Of the right size.
    out: &'a mut BlockActivations,
}

impl Kernel for QuantiseBlocks<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let BlockActivations {
            values,
            scales,
            sums,
        } = self.out;
        let out = values.as_chunks_mut::<BLOCK>().0.iter_mut();
        let mut out = out.zip(scales.iter_mut().zip(sums));
        for row in 0..self.rows.count {
            let row = &self.rows.values[row * self.rows.stride..][..self.inputs];
            for (block, (out, (scale, sum))) in row.chunks(BLOCK).zip(out.by_ref()) {
                let (integers, filling) = out.split_at_mut(block.len());
                filling.fill(0);
                let quantise = Quantise {
                    values: block,
                    max: i8::MAX.into(),
                    out: integers,
                    scale,
                };
                // SAFETY: the kernel needs nothing but its slices.
                unsafe { quantise.run::<S>() };
                *sum = out.iter().map(|a| i32::from(*a)).sum();
            }
        }
    }
}
