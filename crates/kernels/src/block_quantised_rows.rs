//! Activations as integers of 8 bits, with one scale a block of inputs.

use crate::isa::CpuKernels;
use crate::quantised_rows::QuantiseRow;
use crate::simd::{Simd, SimdOp};
use crate::size::size;
use crate::{QUANT_BLOCK, Rows};

/// Rows of 8-bit activations, whose blocks of [`QUANT_BLOCK`] have a scale each.
#[derive(Clone, Debug, Default)]
pub(crate) struct BlockQuantisedRows {
    /// `[rows, blocks, QUANT_BLOCK]`, with zeros where inputs do not fill the last block.
    pub(crate) values: Vec<i8>,
    /// `[rows, blocks]`
    pub(crate) scales: Vec<f32>,
    /// The sum of each block's values.
    pub(crate) sums: Vec<i32>,
}

impl BlockQuantisedRows {
    /// Replaces these by `rows` of `inputs` values.
    pub(crate) fn quantise(&mut self, kernels: CpuKernels, rows: Rows<'_>, inputs: usize) {
        let blocks = inputs.div_ceil(QUANT_BLOCK);
        self.values
            .resize(size([rows.count, blocks, QUANT_BLOCK]), 0);
        self.scales.resize(size([rows.count, blocks]), 0.0);
        self.sums.resize(size([rows.count, blocks]), 0);
        let quantise = QuantiseBlocks {
            rows,
            inputs,
            out: self,
        };
        kernels.run(quantise);
    }

    /// What `rows`, which were quantised, have lost by it, `[rows, inputs]`.
    pub(crate) fn rounding_errors(&self, rows: Rows<'_>, inputs: usize, out: &mut Vec<f32>) {
        out.clear();
        let blocks = self.values.as_chunks::<QUANT_BLOCK>().0.iter();
        let mut blocks = blocks.zip(&self.scales);
        for row in 0..rows.count {
            let row = &rows.values[row * rows.stride..][..inputs];
            for (block, (integers, scale)) in row.chunks(QUANT_BLOCK).zip(blocks.by_ref()) {
                let lost = |(x, a): (&f32, &i8)| x - f32::from(*a) * scale;
                out.extend(block.iter().zip(integers).map(lost));
            }
        }
    }
}

struct QuantiseBlocks<'a> {
    rows: Rows<'a>,
    inputs: usize,
    /// The result, whose size is right already.
    out: &'a mut BlockQuantisedRows,
}

impl SimdOp for QuantiseBlocks<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let BlockQuantisedRows {
            values,
            scales,
            sums,
        } = self.out;
        let out = values.as_chunks_mut::<QUANT_BLOCK>().0.iter_mut();
        let mut out = out.zip(scales.iter_mut().zip(sums));
        for row in 0..self.rows.count {
            let row = &self.rows.values[row * self.rows.stride..][..self.inputs];
            for (block, (out, (scale, sum))) in row.chunks(QUANT_BLOCK).zip(out.by_ref()) {
                let (integers, padding) = out.split_at_mut(block.len());
                padding.fill(0);
                let quantise = QuantiseRow {
                    values: block,
                    max: i8::MAX.into(),
                    out: integers,
                    scale,
                };
                quantise.run(simd);
                *sum = out.iter().map(|a| i32::from(*a)).sum();
            }
        }
    }
}
