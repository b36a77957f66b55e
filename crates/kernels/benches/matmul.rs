//! Products of the released models' shapes, in every format and instruction set.
#![allow(missing_docs, reason = "criterion's macros make public functions")]

mod product;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use kernels::{CpuKernels, Isa};
use weights::WeightFormat;

use crate::product::Product;

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
            let mut product = Product::new(format, rows, [inputs, outputs], copies);
            for kernels in Isa::available().into_iter().filter_map(CpuKernels::new) {
                let id = BenchmarkId::new(format.as_str(), kernels.isa().as_str());
                group.bench_function(id, |bencher| bencher.iter(|| product.run(kernels)));
            }
        }
        group.finish();
    }
}

criterion_group!(benches, products);
criterion_main!(benches);
