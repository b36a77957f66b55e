//! `tokenizer.model` of SentencePiece.

mod bpe;
mod decode;
mod normalizer;
mod proto;

use std::collections::HashMap;
use std::ops::Range;

use prost::Message as _;

use self::bpe::Bpe;
use self::normalizer::CharsMapNormalizer;
use self::proto::{ModelType, PieceType, SentencePieceProto, TrainerSpec};
use crate::trie::Trie;
use crate::unigram::{Cut, Precision, Unigram};
use crate::{Token, TokenizerError, byte};

/// A vocabulary in SentencePiece's format.
#[derive(Debug)]
pub(crate) struct SentencePieceTokenizer {
    pieces: Vec<VocabularyPiece>,
    unknown: usize,
    /// Ids of the 256 byte pieces, if the model uses byte fallback.
    bytes: Option<Vec<usize>>,
    normalizer: CharsMapNormalizer,
    denormalizer: Option<CharsMapNormalizer>,
    model: SentencePieceModel,
    /// The text of the unknown piece.
    unknown_surface: String,
}

#[derive(Debug)]
struct VocabularyPiece {
    text: String,
    kind: PieceType,
}

#[derive(Debug)]
enum SentencePieceModel {
    Unigram(Unigram),
    Bpe(Bpe),
    /// Ids of pieces that are whole words.
    Word(HashMap<String, usize>),
}

impl SentencePieceTokenizer {
    pub(crate) fn read(file: &[u8]) -> Result<Self, TokenizerError> {
        let model = SentencePieceProto::decode(file).map_err(|error| {
            if file.trim_ascii_start().starts_with(b"{") {
                TokenizerError::LooksLikeJson
            } else {
                TokenizerError::SentencePiece(error)
            }
        })?;
        if model.pieces.is_empty() {
            return Err(TokenizerError::malformed("it holds no pieces"));
        }
        let trainer = model.trainer_spec.unwrap_or_default();
        let pieces = CheckedPieces::read(model.pieces, trainer.byte_fallback())?;
        let mut user_defined = Trie::default();
        for &id in &pieces.user_defined {
            user_defined.insert(pieces.all[id].text.as_bytes(), id);
        }
        let suffix = trainer.treat_whitespace_as_suffix();
        let denormalizer = model
            .denormalizer_spec
            .filter(proto::NormalizerSpec::has_charsmap);
        let normalizer = model.normalizer_spec.unwrap_or_default();
        Ok(Self {
            normalizer: CharsMapNormalizer::new(&normalizer, suffix, Some(user_defined))?,
            denormalizer: (denormalizer.map(|it| CharsMapNormalizer::new(&it, false, None)))
                .transpose()?,
            model: pieces.model(&trainer)?,
            unknown: pieces.unknown,
            bytes: pieces.bytes,
            pieces: pieces.all,
            unknown_surface: trainer.unk_surface().to_owned(),
        })
    }

    pub(crate) fn vocab_size(&self) -> usize {
        self.pieces.len()
    }

    pub(crate) fn piece(&self, id: i64) -> Option<&str> {
        Some(&self.get(id)?.text)
    }

    fn get(&self, id: i64) -> Option<&VocabularyPiece> {
        self.pieces.get(usize::try_from(id).ok()?)
    }

    pub(crate) fn is_byte_or_special(&self, id: i64) -> bool {
        let is =
            |piece: &VocabularyPiece| matches!(piece.kind, PieceType::Byte | PieceType::Control);
        self.get(id).is_some_and(is)
    }

    /// The tokens of a text; their sources are known only with `keep`.
    pub(crate) fn tokens(&self, text: &str, keep: bool) -> Vec<Token> {
        let normalized = self.normalizer.apply(text, keep);
        let text = &normalized.text;
        let cuts: Vec<Cut> = match &self.model {
            SentencePieceModel::Unigram(unigram) => unigram.cut(text),
            SentencePieceModel::Bpe(bpe) => bpe.cut(text),
            SentencePieceModel::Word(ids) => cut_words(text, ids),
        };
        let mut tokens: Vec<Token> = Vec::with_capacity(cuts.len());
        let mut add = |id: usize, range: Range<usize>| {
            tokens.push(Token {
                id: id as i64,
                source: normalized.source(range),
            });
        };
        let is_unknown = |cut: &Cut| cut.id.is_none_or(|id| id == self.unknown);
        // Adjacent unknown pieces are merged.
        for run in cuts.chunk_by(|a, b| is_unknown(a) && is_unknown(b)) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else {
                continue;
            };
            let range = first.range.start..last.range.end;
            match (first.id.filter(|&id| id != self.unknown), &self.bytes) {
                (Some(id), _) => add(id, range),
                (None, None) => add(self.unknown, range),
                (None, Some(bytes)) => {
                    for (at, character) in text[range.clone()].char_indices() {
                        let start = range.start + at;
                        let of = start..start + character.len_utf8();
                        for &byte in &text.as_bytes()[of.clone()] {
                            add(bytes[usize::from(byte)], of.clone());
                        }
                    }
                }
            }
        }
        tokens
    }
}

/// Words begin at "▁".
fn cut_words(text: &str, ids: &HashMap<String, usize>) -> Vec<Cut> {
    let starts = text.match_indices(crate::SPACE).map(|(at, _)| at);
    let starts = starts.filter(|&at| at > 0).chain([text.len()]);
    let words = starts.scan(0, |start, end| Some(std::mem::replace(start, end)..end));
    words
        .filter(|range| !range.is_empty())
        .map(|range| Cut {
            id: ids.get(&text[range.clone()]).copied(),
            range,
        })
        .collect()
}

/// The pieces of a file, after the checks that SentencePiece does at load time.
struct CheckedPieces {
    all: Vec<VocabularyPiece>,
    scores: Vec<f32>,
    unknown: usize,
    bytes: Option<Vec<usize>>,
    user_defined: Vec<usize>,
}

impl CheckedPieces {
    fn read(pieces: Vec<proto::PieceProto>, byte_fallback: bool) -> Result<Self, TokenizerError> {
        let mut all = Vec::with_capacity(pieces.len());
        let mut scores = Vec::with_capacity(pieces.len());
        let mut seen = HashMap::new();
        let mut unknown = Vec::new();
        let mut bytes = vec![None; 256];
        let mut user_defined = Vec::new();
        for (id, piece) in pieces.into_iter().enumerate() {
            let malformed = |what: &str| TokenizerError::malformed(format!("piece {id} {what}"));
            let (text, score, kind) = piece.parts().ok_or_else(|| malformed("has no type"))?;
            if text.is_empty() {
                return Err(malformed("is empty"));
            }
            if !score.is_finite() {
                return Err(malformed("has a score that is not finite"));
            }
            if seen.insert(text.clone(), id).is_some() {
                let reason = format!("piece `{text}` occurs twice");
                return Err(TokenizerError::malformed(reason));
            }
            match kind {
                PieceType::Unknown => unknown.push(id),
                PieceType::UserDefined => user_defined.push(id),
                PieceType::Byte => {
                    if !byte_fallback {
                        return Err(malformed("is a byte, but byte_fallback is off"));
                    }
                    let byte = byte(&text).filter(|byte| text == format!("<0x{byte:02X}>"));
                    let byte = byte
                        .ok_or_else(|| malformed("has the type BYTE, but not the form <0xNN>"))?;
                    bytes[usize::from(byte)] = Some(id);
                }
                PieceType::Normal | PieceType::Control | PieceType::Unused => {}
            }
            all.push(VocabularyPiece { text, kind });
            scores.push(score);
        }
        let unknown = match unknown[..] {
            [unknown] => unknown,
            [] => return Err(TokenizerError::malformed("it has no unknown piece")),
            _ => {
                let reason = format!("it has {} unknown pieces", unknown.len());
                return Err(TokenizerError::malformed(reason));
            }
        };
        let bytes: Option<Vec<usize>> = bytes.into_iter().collect();
        if byte_fallback && bytes.is_none() {
            let reason = "byte_fallback is on, but it has not all 256 bytes";
            return Err(TokenizerError::malformed(reason));
        }
        Ok(Self {
            all,
            scores,
            unknown,
            bytes,
            user_defined,
        })
    }

    fn model(&self, trainer: &TrainerSpec) -> Result<SentencePieceModel, TokenizerError> {
        let unsupported = |found: String| TokenizerError::Unsupported {
            part: "model type",
            found,
            supported: "unigram, BPE, words and characters are read",
        };
        match ModelType::try_from(trainer.model_type.unwrap_or(ModelType::Unigram as i32)) {
            Ok(ModelType::Unigram) => Ok(SentencePieceModel::Unigram(self.unigram())),
            Ok(ModelType::Bpe) => Ok(SentencePieceModel::Bpe(Bpe::new(self, true))),
            Ok(ModelType::Char) => Ok(SentencePieceModel::Bpe(Bpe::new(self, false))),
            Ok(ModelType::Word)
                if trainer.treat_whitespace_as_suffix()
                    || trainer.allow_whitespace_only_pieces() =>
            {
                Err(unsupported(
                    "WORD with white space as suffix or as pieces".to_owned(),
                ))
            }
            Ok(ModelType::Word) => Ok(SentencePieceModel::Word(self.ids())),
            Err(_) => Err(unsupported(
                trainer.model_type.unwrap_or_default().to_string(),
            )),
        }
    }

    /// Ids of all pieces by their text.
    fn ids(&self) -> HashMap<String, usize> {
        let pieces = self.all.iter().enumerate();
        pieces.map(|(id, piece)| (piece.text.clone(), id)).collect()
    }

    fn unigram(&self) -> Unigram {
        let normal = || {
            let scores = self.scores.iter().zip(&self.all);
            scores.filter_map(|(&score, piece)| (piece.kind == PieceType::Normal).then_some(score))
        };
        let lowest = normal().fold(f32::MAX, f32::min);
        let highest = normal().fold(f32::MIN_POSITIVE, f32::max);
        let mut trie = Trie::default();
        let mut scores = Vec::with_capacity(self.all.len());
        for (id, (piece, &score)) in self.all.iter().zip(&self.scores).enumerate() {
            scores.push(match piece.kind {
                // Always the best.
                PieceType::UserDefined => f64::from(piece.text.len() as f32 * highest) - 0.1,
                _ => f64::from(score),
            });
            if matches!(piece.kind, PieceType::Normal | PieceType::UserDefined) {
                trie.insert(piece.text.as_bytes(), id);
            }
        }
        Unigram::new(trie, scores, f64::from(lowest), Precision::Single)
    }
}
