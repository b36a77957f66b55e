//! Guards what the speed rests on, as ratios within one run: other work on the machine slows
//! down both sides. `cargo xtask bench --check` runs it.

mod product;

use std::time::{Duration, Instant};

use kernels::{CpuKernels, Isa};
use weights::WeightFormat;

use crate::product::Product;

/// How often each side is timed, alternating; the fastest counts.
const REPEATS: usize = 15;

/// How long one product takes.
fn time(product: &mut Product, kernels: CpuKernels) -> Duration {
    let start = Instant::now();
    product.run(kernels);
    start.elapsed()
}

/// How many times longer `a` takes than `b`.
fn ratio(mut a: impl FnMut() -> Duration, mut b: impl FnMut() -> Duration) -> f64 {
    let mut fastest = [Duration::MAX; 2];
    for _ in 0..REPEATS {
        fastest = [fastest[0].min(a()), fastest[1].min(b())];
    }
    fastest[0].as_secs_f64() / fastest[1].as_secs_f64()
}

/// Prints how far `ratio` is from the smallest one that is right, and fails below it.
#[allow(clippy::print_stdout, reason = "the figures are what it is run for")]
fn check(what: &str, ratio: f64, least: f64) {
    let margin = ratio / least;
    println!(
        "{what}: {ratio:.2} times as fast; {least} has to be, which leaves a factor of {margin:.2}"
    );
    assert!(
        ratio > least,
        "{what}: {ratio:.2} times as fast, not {least}"
    );
}

#[test]
fn vectors_pay() {
    let best = CpuKernels::detect();
    if best.isa() == Isa::Scalar {
        return;
    }
    let plain = CpuKernels::new(Isa::Scalar).unwrap();
    for format in WeightFormat::ALL {
        let mut slow = Product::new(format, 16, [512, 512], 1);
        let mut fast = Product::new(format, 16, [512, 512], 1);
        let ratio = ratio(|| time(&mut slow, plain), || time(&mut fast, best));
        check(&format!("{format}, vectors against plain code"), ratio, 1.5);
    }
}

#[test]
fn a_step_of_the_backbone_takes_less_time_the_smaller_its_weights() {
    let kernels = CpuKernels::detect();
    if kernels.isa() == Isa::Scalar {
        return;
    }
    // As large as a layer, so that memory counts.
    let mut f32s = Product::new(WeightFormat::F32, 1, [1024, 8192], 1);
    let mut q8 = Product::new(WeightFormat::Q8, 1, [1024, 8192], 1);
    let ratio = ratio(|| time(&mut f32s, kernels), || time(&mut q8, kernels));
    check("a step in q8 against one in f32", ratio, 1.3);
}
