//! The parts of `docs/bundle.md` that follow from the weight formats: what is between two markers
//! is replaced.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail};
use weights::{Element, Facts, PANEL, Scales, TableFormat, WeightFormat};

use super::read;
use crate::workspace;

/// The text of `docs/bundle.md` with its generated parts as they should be.
pub(super) fn bundle_md(text: &str) -> Result<String> {
    let sources = workspace().join("crates/weights/src");
    let layouts = read(&sources.join("layout.md"))?;
    let mut paragraphs = String::new();
    for format in WeightFormat::ALL {
        let paragraph = read(&sources.join(format!("formats/{format}.md")))?;
        write!(paragraphs, "\n- **`{format}`**: {}", indented(&paragraph))?;
    }
    let text = replaced(text, "layouts", &layouts)?;
    replaced(&text, "formats", &format!("{}{paragraphs}", table()?))
}

/// The README lists the formats for people: it has to name all of them.
pub(super) fn check_readme(text: &str) -> Result<()> {
    let mut missing = WeightFormat::ALL.into_iter();
    match missing.find(|format| !text.contains(&format!("`{format}`"))) {
        Some(format) => bail!("README.md does not name the format {format}: add it to --dtype"),
        None => Ok(()),
    }
}

/// A paragraph as an item of a list.
fn indented(paragraph: &str) -> String {
    let mut lines = paragraph.lines();
    let first = lines.next().unwrap_or_default();
    let others = lines.map(|line| format!("  {line}\n"));
    format!("{first}\n{}", others.collect::<String>())
}

/// Puts `content` between the markers of that name.
fn replaced(text: &str, name: &str, content: &str) -> Result<String> {
    let begin =
        format!("<!-- {name}: written by `cargo xtask codegen` from crates/weights/src -->\n");
    let end = format!("<!-- end of {name} -->\n");
    let lacks = || format!("docs/bundle.md has no part between {begin}and {end}");
    let (before, rest) = text.split_once(&begin).with_context(lacks)?;
    let (_, after) = rest.split_once(&end).with_context(lacks)?;
    Ok(format!("{before}{begin}\n{content}\n{end}{after}"))
}

fn table() -> Result<String> {
    let mut text = "\
| format | values of a panel | scales of a panel | a stored number stands for | table | ONNX values | \
ONNX scales | bytes a value | `verify --reference` allows |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
"
    .to_owned();
    for format in WeightFormat::ALL {
        let facts = format.facts();
        writeln!(
            text,
            "| `{format}` | {} | {} | {} | {} | {} | {} | {} | {} |",
            values(facts),
            scales(facts),
            number(facts),
            table_format(facts.table),
            onnx_values(facts),
            onnx_scales(facts),
            rounded(facts.bytes_per_value()),
            allowed(facts),
        )?;
    }
    Ok(text)
}

/// Sizes of a panel: the number of cells, then the sizes of a cell.
fn cell(facts: &Facts) -> Vec<String> {
    let inputs = match facts.cell_inputs {
        1 => "inputs".to_owned(),
        n => format!("inputs / {n}"),
    };
    let sizes = facts.cell.iter().map(usize::to_string);
    [inputs].into_iter().chain(sizes).collect()
}

fn values(facts: &Facts) -> String {
    format!("{} `[{}]`", facts.element.as_str(), cell(facts).join("]["))
}

fn scales(facts: &Facts) -> String {
    match facts.scales {
        Scales::None => String::new(),
        Scales::Output => format!("f32 `[{PANEL}]`"),
        Scales::Block { .. } => {
            format!("i8 `[1 + inputs / {}][{PANEL}]`", weights::QUANT_BLOCK)
        }
    }
}

fn number(facts: &Facts) -> String {
    match facts.scales {
        Scales::None => "itself".to_owned(),
        Scales::Output => "number x scale".to_owned(),
        Scales::Block { offset } => format!("(number - {offset}) x scale"),
    }
}

fn table_format(table: TableFormat) -> &'static str {
    match table {
        TableFormat::F32 => "f32",
        TableFormat::Bf16 => "bf16",
        TableFormat::Q8 => "i8, an f32 scale a row",
    }
}

fn onnx_values(facts: &Facts) -> String {
    let element = match facts.element {
        Element::F32 => "FLOAT",
        Element::Bf16 => "BFLOAT16",
        Element::I16 => "INT16",
        Element::I8 => "INT8",
        Element::U8 => "UINT8",
    };
    format!("{element} `[panels, {}]`", cell(facts).join(", "))
}

fn onnx_scales(facts: &Facts) -> String {
    match facts.scales {
        Scales::None => String::new(),
        Scales::Output => format!("FLOAT `[{PANEL} * panels]`"),
        Scales::Block { .. } => {
            let block = weights::QUANT_BLOCK;
            format!("INT8 `[panels, 1 + inputs / {block}, {PANEL}]`")
        }
    }
}

fn allowed(facts: &Facts) -> String {
    if facts.reference_error == 0.0 {
        return "the tolerance".to_owned();
    }
    facts.reference_error.to_string()
}

/// At most two digits after the point.
fn rounded(value: f64) -> String {
    ((value * 100.0).round() / 100.0).to_string()
}
