//! Sections of docs/performance.md, each written by the benchmark it is of.

use std::fs;

use anyhow::{Context, Result};

use crate::workspace;

/// Puts `text` between the marks of `section`, which are added at the end where they are missing.
pub(crate) fn write_section(section: &str, text: &str) -> Result<()> {
    let path = workspace().join("docs/performance.md");
    let old =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let (begin, end) = (
        format!("<!-- bench {section} -->"),
        format!("<!-- end of {section} -->"),
    );
    let block = format!("{begin}\n{}\n{end}", text.trim());
    let new = match (old.find(&begin), old.find(&end)) {
        (Some(from), Some(to)) if from < to => {
            format!("{}{block}{}", &old[..from], &old[to + end.len()..])
        }
        _ => format!("{}\n\n{block}\n", old.trim_end()),
    };
    fs::write(&path, new).with_context(|| format!("cannot write {}", path.display()))
}
