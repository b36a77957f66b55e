//! The `tokenizer.json` of Hugging Face's `tokenizers`.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

#[derive(Deserialize)]
struct Tokenizer {
    version: Option<String>,
    #[serde(default)]
    added_tokens: Vec<AddedToken>,
    model: Model,
}

#[derive(Deserialize)]
struct AddedToken {
    content: String,
}

#[derive(Deserialize)]
struct Model {
    #[serde(rename = "type")]
    kind: Option<Kind>,
    unk_id: Option<usize>,
    vocab: Vocab,
}

/// The models that `tokenizers` knows.
#[derive(Deserialize)]
enum Kind {
    Unigram,
    #[serde(rename = "BPE")]
    Bpe,
    WordPiece,
    WordLevel,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "`model.vocab` is neither a list of [piece, score] nor a map from piece to id"
)]
enum Vocab {
    Scored(Vec<(String, f64)>),
    Numbered(HashMap<String, u32>),
}

/// `get_vocab_size()`: distinct pieces, those of the added tokens included.
pub(super) fn count(file: &[u8]) -> Result<usize, String> {
    let Tokenizer {
        version,
        added_tokens,
        model,
    } = serde_json::from_slice(file).map_err(|error| error.to_string())?;
    if let Some(version) = version.filter(|version| version != "1.0") {
        return Err(format!("its version is `{version}` instead of `1.0`"));
    }
    let (unigram, mut pieces): (bool, HashSet<&str>) = match &model.vocab {
        Vocab::Scored(vocab) => {
            if let Some(unk) = model.unk_id.filter(|&unk| unk >= vocab.len()) {
                let pieces = vocab.len();
                return Err(format!(
                    "its unknown piece is {unk}, and it has {pieces} pieces"
                ));
            }
            (
                true,
                vocab.iter().map(|(piece, _)| piece.as_str()).collect(),
            )
        }
        Vocab::Numbered(vocab) => (false, vocab.keys().map(String::as_str).collect()),
    };
    if model
        .kind
        .is_some_and(|kind| unigram != matches!(kind, Kind::Unigram))
    {
        return Err("its vocabulary has not the form that belongs to its model type".to_owned());
    }
    // `tokenizers` leaves out added tokens without any text.
    let added = added_tokens.iter().map(|token| token.content.as_str());
    pieces.extend(added.filter(|content| !content.is_empty()));
    if pieces.is_empty() {
        return Err("its vocabulary is empty".to_owned());
    }
    Ok(pieces.len())
}
