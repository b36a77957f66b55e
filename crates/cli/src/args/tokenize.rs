//! Arguments of `tokenize`.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::{DEFAULT_BUNDLE, RewritingArgs};

#[derive(Debug, ClapArgs)]
pub(crate) struct TokenizeArgs {
    /// The text. `-`, or no text, reads standard input. Put `--` before a text that begins with a
    /// dash.
    #[arg(
        value_name = "TEXT",
        conflicts_with = "text_file",
        allow_negative_numbers = true
    )]
    pub(crate) text: Option<String>,
    /// Read the text from a file; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) text_file: Option<PathBuf>,
    /// Folder of the bundle whose tokenizer and text rules are used.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_BUNDLE)]
    pub(crate) bundle: PathBuf,
    /// A tokenizer.json or tokenizer.model instead of a bundle; texts are prepared by the default
    /// rules.
    #[arg(long, value_name = "FILE", conflicts_with = "bundle")]
    pub(crate) tokenizer: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) rewriting: RewritingArgs,
    /// Tokenize the text exactly as given: it is neither prepared nor split.
    #[arg(long, conflicts_with_all = ["normalize", "replace"])]
    pub(crate) raw: bool,
    /// Print JSON: with --raw `ids` and `pieces`, else `chunks`, each with `text`, `ids`, `pieces`
    /// and `sources`, or with `pause` in seconds.
    #[arg(long)]
    pub(crate) json: bool,
}
