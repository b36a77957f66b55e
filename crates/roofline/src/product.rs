//! Products of the released models' shapes.

use kernels::{CpuKernels, Rows, Scratch, Weight, WeightStats};
use weights::{Matrix, WeightFormat};

use crate::UNCACHED_BYTES;

/// A product's shape.
#[derive(Clone, Copy, Debug)]
pub struct ProductShape {
    /// Name, for reports.
    pub name: &'static str,
    /// Rows of activations.
    pub rows: usize,
    /// Numbers of each row.
    pub inputs: usize,
    /// Numbers of each row of the result.
    pub outputs: usize,
    /// Whether weights come from memory, as a backbone's do in every step.
    pub is_uncached: bool,
}

impl ProductShape {
    /// What an utterance consists of, in the shape `english`.
    pub const ALL: [Self; 5] = [
        Self {
            name: "step, from memory",
            rows: 1,
            inputs: 1024,
            outputs: 4096,
            is_uncached: true,
        },
        Self {
            name: "step, in cache",
            rows: 1,
            inputs: 512,
            outputs: 256,
            is_uncached: false,
        },
        Self {
            name: "prefill of 28 tokens",
            rows: 28,
            inputs: 1024,
            outputs: 4096,
            is_uncached: false,
        },
        Self {
            name: "decoder's transformer",
            rows: 16,
            inputs: 512,
            outputs: 2048,
            is_uncached: false,
        },
        Self {
            name: "decoder's convolution",
            rows: 480,
            inputs: 384,
            outputs: 64,
            is_uncached: false,
        },
    ];
}

/// A product with copies of one weight.
#[derive(Debug)]
pub struct TimedProduct {
    kernels: CpuKernels,
    matrix: Matrix,
    rows: usize,
    /// Values and scales.
    copies: Vec<(Vec<u8>, Vec<u8>)>,
    next: usize,
    stats: WeightStats,
    x: Vec<f32>,
    out: Vec<f32>,
    scratch: Scratch,
}

impl TimedProduct {
    /// With fixed numbers.
    pub fn new(kernels: CpuKernels, shape: ProductShape, format: WeightFormat) -> Self {
        let ProductShape {
            rows,
            inputs,
            outputs,
            is_uncached,
            ..
        } = shape;
        let matrix = Matrix {
            format,
            inputs,
            outputs,
        };
        let number = |i: usize| (i * 7919 % 1009) as f32 / 504.5 - 1.0;
        let packed = matrix.pack(&(0..inputs * outputs).map(number).collect::<Vec<_>>());
        let bytes = packed.0.len() + packed.1.len();
        let copies = if is_uncached {
            UNCACHED_BYTES.div_ceil(bytes)
        } else {
            1
        };
        Self {
            kernels,
            matrix,
            rows,
            stats: kernels.weight_stats(&matrix, &packed.0),
            copies: vec![packed; copies],
            next: 0,
            x: (0..rows * inputs).map(number).collect(),
            out: vec![0.0; rows * outputs],
            scratch: Scratch::default(),
        }
    }

    /// Computes it with the next copy. Returns [`TimedProduct::products`].
    pub fn run(&mut self) -> f64 {
        let (values, scales) = &self.copies[self.next % self.copies.len()];
        self.next += 1;
        let weight = Weight {
            matrix: self.matrix,
            values,
            scales,
            stats: self.stats.view(),
            bias: None,
            two_term_activations: false,
        };
        let x = Rows::new(&self.x, self.matrix.inputs);
        (self.kernels).matmul(&weight, x, &mut self.scratch, &mut self.out);
        self.products()
    }

    /// Multiplications with an addition.
    pub fn products(&self) -> f64 {
        (self.rows * self.matrix.inputs * self.matrix.outputs) as f64
    }

    /// Bytes of the weight's values and scales.
    pub fn weight_bytes(&self) -> f64 {
        let (values, scales) = &self.copies[0];
        (values.len() + scales.len()) as f64
    }
}
