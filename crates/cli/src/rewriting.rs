//! How the text is rewritten: pronunciation lists and normalisation.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use normalize::{Replacements, Rules};
use speech::Tokenizer;

use crate::args::RewritingArgs;

/// The rules that were asked for, or that a vocabulary of this language needs.
pub(crate) fn rules(
    args: &RewritingArgs,
    tokenizer: &Tokenizer,
    language: Option<&str>,
) -> Result<Rules> {
    let rules = args.normalize.rules(tokenizer, language)?;
    let replacements = args.replace.as_deref().map(read).transpose()?;
    Ok(Rules {
        replacements: replacements.unwrap_or_default(),
        ..rules
    })
}

fn read(path: &Path) -> Result<Replacements> {
    let context = || format!("cannot read the pronunciation list {}", path.display());
    let bytes = fs::read(path).with_context(context)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|&&byte| byte == b'\n').count() + 1;
        anyhow::anyhow!("line {line} is not UTF-8")
    });
    let list = text.and_then(|text| Ok(Replacements::parse(&text)?));
    list.with_context(|| format!("pronunciation list {}", path.display()))
}
