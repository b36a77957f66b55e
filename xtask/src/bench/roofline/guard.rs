//! Guards the inner loops of one row in a page. V8 does not inline what is too large for it, and makes
//! constants anew in every iteration: both slowed steps down by half without any change of the loops.

#![allow(clippy::print_stdout, reason = "the figures are what it is run for")]

use anyhow::{Context, Result, ensure};
use pocket_onnx_roofline::{Figures, ProductShape};
use weights::WeightFormat;

use crate::setup::browsers::Browsers;

/// What a product of one row has to reach at least of its operation's limit. Both are slowed down by other work on
/// the machine, and by a processor that has to emulate the operation.
const LEAST: [(WeightFormat, f64); 3] = [
    (WeightFormat::Q8, 0.4),
    (WeightFormat::Q6, 0.2),
    (WeightFormat::Q4, 0.25),
];

/// How the names of instruction sets with dot products of bytes end.
const DOT: &str = "dot products of bytes";
/// The same with these. A processor that has an instruction for them multiplies faster than it unpacks: on a Zen 5 and
/// a Xeon q8 reaches 0.43 to 0.72, q6 0.20 to 0.28, q4 0.23 to 0.34. Half of the lowest is below these.
const LEAST_WITH_DOT: [(WeightFormat, f64); 3] = [
    (WeightFormat::Q8, 0.3),
    (WeightFormat::Q6, 0.14),
    (WeightFormat::Q4, 0.16),
];

/// Compares products in Chromium with its limits.
pub(crate) fn check() -> Result<()> {
    for browser in super::in_browsers(&Browsers::chromium_alone())? {
        for figures in &browser.figures {
            let has_dot = figures.isa.ends_with(DOT);
            for (format, least) in if has_dot { LEAST_WITH_DOT } else { LEAST } {
                let part = part_of_limit(figures, format)?;
                println!(
                    "{}, {}, one row of {format}: {part:.2} of the limit; {least} has to be",
                    browser.browser, figures.isa
                );
                ensure!(
                    part > least,
                    "one row of {format} reaches {part:.2} of what {} does in {}, not {least}",
                    figures.isa,
                    browser.browser
                );
            }
        }
    }
    Ok(())
}

/// What one row that multiplies a weight in the cache reaches of its operation's limit.
fn part_of_limit(figures: &Figures, format: WeightFormat) -> Result<f64> {
    let shape = (ProductShape::ALL.iter()).find(|shape| shape.rows == 1 && !shape.is_uncached);
    let shape = shape.context("no shape of one row is in the cache")?;
    let product = figures.product(shape, format);
    Ok(product.context("a product was not measured")?.part_of_limit)
}
