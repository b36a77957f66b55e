//! Arguments for rewriting a text.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use speaker::Normalization;

/// How a text is rewritten before it is tokenized.
#[derive(Clone, Debug, Default, ClapArgs)]
pub(crate) struct RewritingArgs {
    /// Rewrite numbers, dates, money, abbreviations and signs as words, in the model's language or in
    /// the one named (english, french, german, spanish, italian, portuguese, dutch). `no` turns it
    /// off. By default it is on only if the vocabulary has no digits, as in the German models.
    #[arg(
        long,
        value_name = "LANGUAGE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "yes",
        default_value = "auto",
        hide_default_value = true
    )]
    pub(crate) normalize: Normalization,
    /// A pronunciation list: lines `word = spoken form`. A word in lower case matches in any case, one
    /// with a capital letter only as written; lines that begin with `# ` are comments.
    #[arg(long, value_name = "FILE")]
    pub(crate) replace: Option<PathBuf>,
}
