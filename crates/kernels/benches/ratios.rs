//! Guards what the speed rests on, as ratios within one run: other work on the machine slows
//! down both sides. `cargo xtask bench --check` runs it.

use std::time::{Duration, Instant};

use kernels::{CpuKernels, Isa, Rows, Scratch, Weight, WeightStats};
use weights::{Matrix, WeightFormat};

/// How often each side is timed, alternating; the fastest counts.
const REPEATS: usize = 15;

/// A product of one shape in one format.
struct TimedProduct {
    matrix: Matrix,
    values: Vec<u8>,
    scales: Vec<u8>,
    stats: WeightStats,
    x: Vec<f32>,
    out: Vec<f32>,
    scratch: Scratch,
}

impl TimedProduct {
    fn new(format: WeightFormat, rows: usize, inputs: usize, outputs: usize) -> Self {
        let matrix = Matrix {
            format,
            inputs,
            outputs,
        };
        let weight: Vec<f32> = (0..inputs * outputs)
            .map(|i| (i * 7919 % 1009) as f32 / 504.5 - 1.0)
            .collect();
        let (values, scales) = matrix.pack(&weight);
        Self {
            matrix,
            stats: CpuKernels::detect().weight_stats(&matrix, &values),
            values,
            scales,
            x: (0..rows * inputs)
                .map(|i| (i % 101) as f32 / 50.0)
                .collect(),
            out: vec![0.0; rows * outputs],
            scratch: Scratch::default(),
        }
    }

    fn time(&mut self, kernels: CpuKernels) -> Duration {
        let weight = Weight {
            matrix: self.matrix,
            values: &self.values,
            scales: &self.scales,
            stats: &self.stats,
            bias: None,
            two_term_activations: false,
        };
        let x = Rows::new(&self.x, self.matrix.inputs);
        let start = Instant::now();
        kernels.matmul(&weight, x, &mut self.scratch, &mut self.out);
        start.elapsed()
    }
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
        let mut slow = TimedProduct::new(format, 16, 512, 512);
        let mut fast = TimedProduct::new(format, 16, 512, 512);
        let ratio = ratio(|| slow.time(plain), || fast.time(best));
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
    let mut f32s = TimedProduct::new(WeightFormat::F32, 1, 1024, 8192);
    let mut q8 = TimedProduct::new(WeightFormat::Q8, 1, 1024, 8192);
    let ratio = ratio(|| f32s.time(kernels), || q8.time(kernels));
    check("a step in q8 against one in f32", ratio, 1.3);
}
