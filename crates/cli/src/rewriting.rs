//! How the text is rewritten: pronunciation lists and normalisation.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};
use normalize::{Replacements, Rules};
use speech::Tokenizer;

use crate::args::RewritingArgs;
use crate::text::read_all;

/// The requested rules, or those that a vocabulary of this language needs.
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
    let file = File::open(path).with_context(context)?;
    let text = read_all(file).with_context(context)?;
    let list = Replacements::parse(&text);
    list.with_context(|| format!("pronunciation list {}", path.display()))
}
