//! Guards what the speed rests on, as ratios within one run: other work on the machine slows
//! down both sides. `cargo xtask bench --check` runs it.

use std::time::{Duration, Instant};

use kernels::{CpuKernels, Isa};
use pocket_onnx_roofline::{ProductShape, TimedProduct};
use weights::WeightFormat;

/// How often each side is timed, alternating; the fastest counts.
const REPEATS: usize = 15;

/// How long one product takes.
fn time(product: &mut TimedProduct) -> Duration {
    let start = Instant::now();
    product.run();
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
    let shape = ProductShape {
        name: "",
        rows: 16,
        inputs: 512,
        outputs: 512,
        is_uncached: false,
    };
    for format in WeightFormat::ALL {
        let [mut slow, mut fast] =
            [plain, best].map(|kernels| TimedProduct::new(kernels, shape, format));
        let ratio = ratio(|| time(&mut slow), || time(&mut fast));
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
    let shape = ProductShape {
        name: "",
        rows: 1,
        inputs: 1024,
        outputs: 8192,
        is_uncached: false,
    };
    let [mut f32s, mut q8] = [WeightFormat::F32, WeightFormat::Q8]
        .map(|format| TimedProduct::new(kernels, shape, format));
    let ratio = ratio(|| time(&mut f32s), || time(&mut q8));
    check("a step in q8 against one in f32", ratio, 1.3);
}
