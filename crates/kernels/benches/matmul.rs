//! Products of the released models' shapes, in every format and instruction set.
#![allow(missing_docs, reason = "criterion's macros make public functions")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use kernels::{CpuKernels, Isa, Rows, Scratch, Weight};
use weights::{Matrix, WeightFormat};

/// Rows, inputs, outputs and copies: as many as keep the weights out of the caches where
/// the model's do not fit into them either.
const BENCH_SHAPES: [(&str, usize, usize, usize, usize); 4] = [
    ("backbone step", 1, 1024, 4096, 16),
    ("backbone prefill", 28, 1024, 4096, 4),
    ("decoder transformer", 16, 512, 2048, 1),
    ("decoder convolution", 480, 384, 64, 1),
];

fn products(criterion: &mut Criterion) {
    for (name, rows, inputs, outputs, copies) in BENCH_SHAPES {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements((rows * inputs * outputs) as u64));
        group.sample_size(30);
        for format in WeightFormat::ALL {
            let matrix = Matrix {
                format,
                inputs,
                outputs,
            };
            let weight: Vec<f32> = (0..inputs * outputs)
                .map(|i| (i * 7919 % 1009) as f32 / 504.5 - 1.0)
                .collect();
            let packed = vec![matrix.pack(&weight); copies];
            let x: Vec<f32> = (0..rows * inputs)
                .map(|i| (i % 101) as f32 / 50.0 - 1.0)
                .collect();
            let mut out = vec![0.0; rows * outputs];
            let mut scratch = Scratch::default();
            for isa in Isa::available() {
                let Some(kernels) = CpuKernels::new(isa) else {
                    continue;
                };
                let mut at = 0;
                let sums = kernels.weight_stats(&matrix, &packed[0].0);
                group.bench_function(BenchmarkId::new(format.as_str(), isa.as_str()), |bencher| {
                    bencher.iter(|| {
                        let (values, scales) = &packed[at % copies];
                        at += 1;
                        let weight = Weight {
                            matrix,
                            values,
                            scales,
                            stats: &sums,
                            bias: None,
                            two_term_activations: false,
                        };
                        kernels.matmul(&weight, Rows::new(&x, inputs), &mut scratch, &mut out);
                    });
                });
            }
        }
        group.finish();
    }
}

criterion_group!(benches, products);
criterion_main!(benches);
