//! A product with made-up weights and activations, to be timed.

use kernels::{CpuKernels, Rows, Scratch, Weight, WeightStats};
use weights::{Matrix, WeightFormat};

/// A weight in one format, rows to multiply it with, and the memory that this takes.
pub(crate) struct Product {
    matrix: Matrix,
    /// Values and scales of the weight, several times, so that they need not be in the caches.
    copies: Vec<(Vec<u8>, Vec<u8>)>,
    /// The copy that is next.
    next: usize,
    stats: WeightStats,
    x: Vec<f32>,
    out: Vec<f32>,
    scratch: Scratch,
}

impl Product {
    /// A product of `rows` with `copies` weights [inputs, outputs], one after the other.
    pub(crate) fn new(
        format: WeightFormat,
        rows: usize,
        [inputs, outputs]: [usize; 2],
        copies: usize,
    ) -> Self {
        let matrix = Matrix {
            format,
            inputs,
            outputs,
        };
        let weight: Vec<f32> = (0..inputs * outputs)
            .map(|i| (i * 7919 % 1009) as f32 / 504.5 - 1.0)
            .collect();
        let copies = vec![matrix.pack(&weight); copies];
        Self {
            stats: CpuKernels::detect().weight_stats(&matrix, &copies[0].0),
            matrix,
            copies,
            next: 0,
            x: (0..rows * inputs)
                .map(|i| (i % 101) as f32 / 50.0 - 1.0)
                .collect(),
            out: vec![0.0; rows * outputs],
            scratch: Scratch::default(),
        }
    }

    /// Multiplies the rows with the next copy of the weight.
    pub(crate) fn run(&mut self, kernels: CpuKernels) {
        let (values, scales) = &self.copies[self.next % self.copies.len()];
        self.next += 1;
        let weight = Weight {
            matrix: self.matrix,
            values,
            scales,
            stats: &self.stats,
            bias: None,
            two_term_activations: false,
        };
        let x = Rows::new(&self.x, self.matrix.inputs);
        kernels.matmul(&weight, x, &mut self.scratch, &mut self.out);
    }
}
