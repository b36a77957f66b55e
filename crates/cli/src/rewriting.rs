//! How the text is rewritten: pronunciation lists and normalisation.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};
use normalize::{Replacements, Rules};
use pocket_onnx::text::read_all;
use speech::Tokenizer;

use crate::args::RewritingArgs;

/// The requested rules, or those that a vocabulary of this language needs.
pub(crate) fn rules(
    args: &RewritingArgs,
    tokenizer: &Tokenizer,
    language: Option<&str>,
) -> Result<Rules> {
    let rules = args.normalize.rules(tokenizer, language)?;
    Ok(Rules {
        replacements: replacements(args)?,
        ..rules
    })
}

/// The pronunciation list that was given, or an empty one.
pub(crate) fn replacements(args: &RewritingArgs) -> Result<Replacements> {
    let list = args.replace.as_deref().map(read).transpose()?;
    Ok(list.unwrap_or_default())
}

fn read(path: &Path) -> Result<Replacements> {
    let context = || format!("cannot read the pronunciation list {}", path.display());
    let file = File::open(path).with_context(context)?;
    let text = read_all(file).with_context(context)?;
    let list = Replacements::parse(&text);
    list.with_context(|| format!("pronunciation list {}", path.display()))
}
