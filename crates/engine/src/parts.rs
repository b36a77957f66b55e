//! Products that several threads compute: each some of the outputs, so that the results are the same
//! to the bit.

use std::ops::Range;

use kernels::{CpuKernels, Rows, Scratch, Weight};
use weights::{Matrix, PANEL};

#[cfg(not(target_arch = "wasm32"))]
use crate::helpers;

/// Multiplications that a thread has to do, at least: waking it takes as long as some hundred
/// thousand.
const LEAST_WORK: usize = 4_000_000;

/// Memory in which a thread computes its part of a product.
#[derive(Debug, Default)]
pub(crate) struct PartMemory {
    scratch: Scratch,
    /// `[rows, outputs of the part]`
    out: Vec<f32>,
}

/// In how many parts a product is computed, at most one for each of `threads`. A product of one row is
/// not split: it takes as long as reading the weights from memory.
pub(crate) fn count(matrix: &Matrix, rows: usize, threads: usize) -> usize {
    if rows == 1 || cfg!(target_arch = "wasm32") {
        return 1;
    }
    let work = rows.saturating_mul(matrix.inputs.saturating_mul(matrix.outputs));
    threads.min(work / LEAST_WORK).min(matrix.panels()).max(1)
}

/// The panels of each part.
fn parts(panels: usize, count: usize) -> impl Iterator<Item = Range<usize>> {
    let start = move |part: usize| part * panels / count;
    (0..count).map(move |part| start(part)..start(part + 1))
}

/// `out = x * weight + bias` as [`CpuKernels::matmul`] computes it, in that many parts.
pub(crate) fn multiply(
    kernels: CpuKernels,
    weight: &Weight<'_>,
    x: Rows<'_>,
    memory: &mut Vec<PartMemory>,
    count: usize,
    out: &mut [f32],
) {
    let panels = weight.matrix.panels();
    memory.resize_with(memory.len().max(count), PartMemory::default);
    let parts = || parts(panels, count).map(|panels| (panels.start * PANEL, weight.part(panels)));
    let work = parts().zip(&mut *memory).map(|((_, weight), memory)| {
        move || {
            memory.out.resize(x.count * weight.matrix.outputs, 0.0);
            kernels.matmul(&weight, x, &mut memory.scratch, &mut memory.out);
        }
    });
    all(work);
    for ((first, part), memory) in parts().zip(&*memory) {
        let width = part.matrix.outputs;
        let rows = out.chunks_exact_mut(weight.matrix.outputs);
        for (row, part) in rows.zip(memory.out.chunks_exact(width)) {
            row[first..][..width].copy_from_slice(part);
        }
    }
}

/// Does all `work`, the first of it on this thread, the rest on the others if there are any.
fn all(work: impl Iterator<Item = impl FnOnce() + Send>) {
    #[cfg(not(target_arch = "wasm32"))]
    if let Some(helpers) = helpers::pool() {
        let mut work = work;
        let own = work.next();
        helpers.in_place_scope(|scope| {
            for other in work {
                scope.spawn(|_| other());
            }
            if let Some(own) = own {
                own();
            }
        });
        return;
    }
    work.for_each(|work| work());
}

#[cfg(test)]
mod tests {
    use weights::WeightFormat;

    use super::*;
    use crate::testing::noise;

    #[test]
    fn parts_cover_all_panels() {
        for (panels, count) in [(1, 1), (7, 2), (7, 3), (8, 4)] {
            let all: Vec<usize> = parts(panels, count).flatten().collect();
            assert_eq!(all, (0..panels).collect::<Vec<_>>());
            assert!(parts(panels, count).all(|part| !part.is_empty()));
        }
    }

    #[test]
    fn threads_give_the_products_of_one() {
        let (inputs, outputs, rows) = (300, 1000, 29);
        let (weights, bias, x) = (
            noise(inputs * outputs, 1),
            noise(outputs, 2),
            noise(inputs * rows, 3),
        );
        for format in WeightFormat::ALL {
            let matrix = Matrix {
                format,
                inputs,
                outputs,
            };
            let (values, scales) = matrix.pack(&weights);
            let kernels = CpuKernels::default();
            let stats = kernels.weight_stats(&matrix, &values);
            let weight = Weight {
                matrix,
                values: &values,
                scales: &scales,
                stats: stats.view(),
                bias: Some(&bias),
                two_term_activations: true,
            };
            let x = Rows::new(&x, inputs);
            let mut expected = vec![0.0; rows * outputs];
            kernels.matmul(&weight, x, &mut Scratch::default(), &mut expected);
            let mut memory = Vec::new();
            for threads in [2, 3] {
                assert_eq!(count(&matrix, rows, threads), 2, "by the work");
                let mut out = vec![f32::NAN; rows * outputs];
                multiply(kernels, &weight, x, &mut memory, threads, &mut out);
                assert_eq!(out, expected, "{format}, {threads} threads");
            }
        }
    }

    #[test]
    fn short_products_are_not_split() {
        let matrix = |inputs, outputs| Matrix {
            format: WeightFormat::Q8,
            inputs,
            outputs,
        };
        assert_eq!(count(&matrix(1024, 4096), 1, 2), 1);
        assert_eq!(count(&matrix(192, 768), 28, 2), 1);
        assert_eq!(count(&matrix(1024, 4096), 28, 0), 1);
        assert_eq!(count(&matrix(1024, 4096), 28, 4), 4);
        assert_eq!(count(&matrix(100_000, 16), 28, 4), 1);
    }
}
