//! The tables of the benchmark.

use std::fmt::Write as _;

use anyhow::Result;
use kernels::DotOperation;
use pocket_onnx_roofline::{Figures, ProductShape};
use weights::WeightFormat;

use super::BrowserFigures;
use super::arm::ArmCount;

/// What ran, and its figures.
type Column<'a> = (String, &'a Figures);

pub(super) fn table(
    native: &[Figures],
    browsers: &[BrowserFigures],
    arm: Option<&[ArmCount]>,
    machine: &str,
) -> Result<String> {
    let native = native.iter().map(|it| (format!("native, {}", it.isa), it));
    let in_browsers = browsers.iter().flat_map(|browser| {
        let name = |it: &Figures| format!("{}, {}", browser.browser, it.isa);
        browser.figures.iter().map(move |it| (name(it), it))
    });
    let columns: Vec<Column<'_>> = native.chain(in_browsers).collect();
    let versions: Vec<String> = (browsers.iter())
        .map(|it| format!("{} {}", it.browser, it.version))
        .collect();
    let mut text = format!(
        "{}; {machine}. The best of several short measurements of one thread.\n\n",
        versions.join(", ")
    );
    limits(&mut text, &columns)?;
    for shape in ProductShape::ALL {
        products(&mut text, &columns, shape)?;
    }
    if let Some(arm) = arm {
        arm_table(&mut text, arm)?;
    }
    Ok(text)
}

/// What the machine can do.
fn limits(text: &mut String, columns: &[Column<'_>]) -> Result<()> {
    let dots = DotOperation::ALL.map(|dot| format!(" {} |", dot.as_str()));
    write!(
        text,
        "**Limits.** Memory in GB/s, read as 1, 2 and 4 streams; multiplications with an addition in 10⁹ a \
         second, by the numbers' width.\n\n\
         | where | memory |{}\n| --- | --- |{}\n",
        dots.concat(),
        " --- |".repeat(dots.len()),
    )?;
    for (name, figures) in columns {
        let memory = figures.memory.map(|rate| format!("{:.0}", rate / 1e9));
        let dots = figures.dots.map(|rate| format!(" {:.0} |", rate / 1e9));
        writeln!(text, "| {name} | {} |{}", memory.join(" / "), dots.concat())?;
    }
    Ok(())
}

/// What products of one shape reach.
fn products(text: &mut String, columns: &[Column<'_>], shape: ProductShape) -> Result<()> {
    let ProductShape {
        name,
        rows,
        inputs,
        outputs,
        is_uncached,
    } = shape;
    let unit = if is_uncached {
        "GB/s of weights, and part of the fastest reading"
    } else {
        "multiplications in 10⁹ a second, and part of their operation's limit"
    };
    let formats = WeightFormat::ALL.map(|format| format!(" {format} |"));
    write!(
        text,
        "\n**A {name}** ({rows} × {inputs} × {outputs}): {unit}.\n\n| where |{}\n| --- |{}\n",
        formats.concat(),
        " --- |".repeat(formats.len()),
    )?;
    for (column, figures) in columns {
        let cells = WeightFormat::ALL.map(|format| cell(figures, shape, format));
        writeln!(text, "| {column} |{}", cells.concat())?;
    }
    Ok(())
}

fn cell(figures: &Figures, shape: ProductShape, format: WeightFormat) -> String {
    let Some(product) = figures.product(&shape, format) else {
        return " - |".to_owned();
    };
    let reached = if shape.is_uncached {
        product.bytes
    } else {
        product.products
    };
    let part = product.part_of_limit * 100.0;
    format!(" {:.0} ({part:.0} %) |", reached / 1e9)
}

/// What an instruction of ARM does.
fn arm_table(text: &mut String, arm: &[ArmCount]) -> Result<()> {
    write!(
        text,
        "\n**ARM** (NEON, counted under QEMU): multiplications with an addition for an instruction, all \
         instructions of a product counted, those that quantise activations too.\n\n\
         | format | 1 row | 16 rows |\n| --- | --- | --- |\n"
    )?;
    for ArmCount { format, products } in arm {
        let [one, many] = products;
        writeln!(text, "| {format} | {one:.1} | {many:.1} |")?;
    }
    Ok(())
}
