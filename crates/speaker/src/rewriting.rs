//! Texts that are rewritten on their way to the model: pronunciation lists, and numbers,
//! abbreviations and signs in words.

use std::error::Error;
use std::str::FromStr;

use normalize::{Language, Rewriter, Rewritten, Rules, UnknownLanguage};
use speech::{MoreText, TextPiece, TextSource, Tokenizer};

/// Whether numbers, abbreviations and signs become words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Normalization {
    /// Where the vocabulary has no digits, so that the model has never seen any, and the language is
    /// understood.
    #[default]
    Needed,
    /// Never: the tokens are pocket-tts's own.
    Never,
    /// In the model's language.
    Always,
    /// In this language.
    As(Language),
}

/// Why a text cannot be normalised.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NormalizationError {
    /// The manifest names no language, as those of custom models.
    #[error("the model does not say its language: name one, as in --normalize=german")]
    NoLanguage,
    /// Another language than the tables have.
    #[error(transparent)]
    Language(#[from] UnknownLanguage),
}

impl Normalization {
    /// How texts are rewritten for a vocabulary of this language, which a manifest names.
    pub fn rules(
        self,
        tokenizer: &Tokenizer,
        language: Option<&str>,
    ) -> Result<Rules, NormalizationError> {
        let reads_all_digits = !tokenizer.has_digits();
        let language = match self {
            Self::Never => None,
            Self::As(language) => Some(language),
            Self::Always => Some(language.ok_or(NormalizationError::NoLanguage)?.parse()?),
            Self::Needed => {
                (language.filter(|_| reads_all_digits)).and_then(|language| language.parse().ok())
            }
        };
        Ok(Rules {
            language,
            reads_all_digits,
            ..Rules::default()
        })
    }
}

/// `auto`, `yes`, `no`, or a language.
impl FromStr for Normalization {
    type Err = UnknownLanguage;

    fn from_str(word: &str) -> Result<Self, UnknownLanguage> {
        match word.to_ascii_lowercase().as_str() {
            "auto" => Ok(Self::Needed),
            "yes" | "on" | "true" => Ok(Self::Always),
            "no" | "off" | "false" => Ok(Self::Never),
            _ => Ok(Self::As(word.parse()?)),
        }
    }
}

/// A text, rewritten.
pub fn rewritten(text: String, rules: &Rules) -> TextPiece {
    if rules.are_empty() {
        return text.into();
    }
    let expanded = rules.rewrite(&text);
    piece(Rewritten {
        source: text,
        expanded,
    })
}

/// A text that comes piece by piece, rewritten as it comes: `source` gives the next piece, and none
/// at the end.
pub fn rewritten_source<E>(
    mut source: impl FnMut() -> Result<Option<String>, E> + Send + 'static,
    rules: &Rules,
) -> TextSource
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    if rules.are_empty() {
        return Box::new(move |_| {
            let piece = source().map_err(Into::into)?;
            Ok(piece.map(TextPiece::from).into())
        });
    }
    let mut rewriter = Some(Rewriter::new(rules.clone()));
    Box::new(move |_| {
        while let Some(own) = &mut rewriter {
            let next = if let Some(text) = source().map_err(Into::into)? {
                own.push(&text)
            } else {
                let last = own.finish();
                rewriter = None;
                last
            };
            if !next.source.is_empty() {
                return Ok(MoreText::Piece(piece(next)));
            }
        }
        Ok(MoreText::Over)
    })
}

/// What was rewritten, for the speech code.
pub(crate) fn piece(Rewritten { source, expanded }: Rewritten) -> TextPiece {
    let parts = expanded.map.parts().iter();
    let parts: Vec<_> = parts
        .map(|part| (part.output.clone(), part.source.clone()))
        .collect();
    TextPiece::rewritten(source, expanded.text, parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use normalize::Replacements;

    fn tokenizer() -> Tokenizer {
        let (json, _) = testkit::vocabulary("unigram_identity").unwrap();
        Tokenizer::from_json(&json).unwrap()
    }

    #[test]
    fn numbers_are_words_where_that_is_asked_for_or_needed() {
        let tokenizer = tokenizer();
        let needed = (!tokenizer.has_digits()).then_some(Language::German);
        let rules = |wanted: &str, language| {
            let wanted: Normalization = wanted.parse().unwrap();
            wanted
                .rules(&tokenizer, language)
                .map(|rules| rules.language)
        };
        assert_eq!(rules("auto", Some("german")), Ok(needed));
        assert_eq!(rules("auto", Some("klingon")), Ok(None));
        assert_eq!(rules("no", Some("german")), Ok(None));
        assert_eq!(rules("yes", Some("german")), Ok(Some(Language::German)));
        assert_eq!(rules("fr", Some("german")), Ok(Some(Language::French)));
        assert_eq!(rules("yes", None), Err(NormalizationError::NoLanguage));
        assert!(rules("yes", Some("klingon")).is_err());
        assert!("klingon".parse::<Normalization>().is_err());
    }

    #[test]
    fn a_text_is_rewritten_as_it_comes() {
        let rules = Rules {
            replacements: Replacements::parse("SQL = sequel").unwrap(),
            language: Some(Language::English),
            reads_all_digits: false,
        };
        let text = "SQL costs $5. It is 8:00 now. ".repeat(300);
        let mut rest = text.clone();
        let source = move || {
            let end = rest.len().min(100);
            let next = rest.drain(..end).collect::<String>();
            Ok::<_, std::io::Error>(Some(next).filter(|next| !next.is_empty()))
        };
        let mut source = rewritten_source(source, &rules);
        let (mut spoken, mut written) = (String::new(), String::new());
        while let MoreText::Piece(piece) = source(speech::Asking::default()).unwrap() {
            assert!(piece.source().len() < 10_000);
            spoken += piece.text();
            written += piece.source();
        }
        let expected = "sequel costs five dollars. It is eight o'clock now. ".repeat(300);
        assert_eq!((spoken, written), (expected.clone(), text.clone()));
        assert_eq!(rewritten(text, &rules).text(), expected);
    }
}
