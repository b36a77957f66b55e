//! Prints what this machine can do, and what products reach, as JSON. With a format, rows, inputs,
//! outputs and a number, it computes one product so many times, for a counter of instructions.

use std::env;
use std::process::ExitCode;
use std::time::Instant;

use kernels::CpuKernels;
use pocket_onnx_roofline::{ProductShape, TimedProduct};
use weights::WeightFormat;

#[allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the figures are what it is run for"
)]
fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let failed = match arguments.as_slice() {
        [] => {
            let start = Instant::now();
            let figures = pocket_onnx_roofline::measure(|| start.elapsed().as_secs_f64());
            match serde_json::to_string(&figures) {
                Ok(figures) => {
                    println!("{figures}");
                    return ExitCode::SUCCESS;
                }
                Err(error) => error.to_string(),
            }
        }
        [format, sizes @ ..] => match repeat(format, sizes) {
            Some(products) => {
                println!("{products}");
                return ExitCode::SUCCESS;
            }
            None => format!("{arguments:?} are no format, rows, inputs, outputs and a number"),
        },
    };
    eprintln!("{failed}");
    ExitCode::FAILURE
}

/// Computes a product some times. Returns how many multiplications that were.
fn repeat(format: &str, sizes: &[String]) -> Option<f64> {
    let format = WeightFormat::from_name(format)?;
    let sizes: Result<Vec<usize>, _> = sizes.iter().map(|size| size.parse()).collect();
    let [rows, inputs, outputs, times] = sizes.ok()?.try_into().ok()?;
    let shape = ProductShape {
        name: "",
        rows,
        inputs,
        outputs,
        is_uncached: false,
    };
    let mut product = TimedProduct::new(CpuKernels::detect(), shape, format);
    Some((0..times).map(|_| product.run()).sum())
}
