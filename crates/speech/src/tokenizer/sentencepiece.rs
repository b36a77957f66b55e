//! `tokenizer.model`, by the crate `sentencepiece-rs`.

use sentencepiece_rs::SentencePieceProcessor;

use super::TokenizerError;

/// A vocabulary in SentencePiece's format.
pub(super) struct SentencePieceTokenizer(SentencePieceProcessor);

impl SentencePieceTokenizer {
    pub(super) fn read(file: &[u8]) -> Result<Self, TokenizerError> {
        let processor = SentencePieceProcessor::from_serialized_model(file);
        let processor = processor.map_err(|error| TokenizerError::SentencePiece {
            reason: error.to_string(),
        })?;
        Ok(Self(processor))
    }

    pub(super) fn vocab_size(&self) -> usize {
        self.0.model().vocab_size()
    }

    pub(super) fn is_byte(&self, id: i64) -> bool {
        usize::try_from(id).is_ok_and(|id| self.0.model().is_byte(id))
    }

    pub(super) fn encode(&self, text: &str) -> Vec<i64> {
        // It fails on models of other types only, which reading refuses.
        let ids = self.0.encode_to_ids(text).unwrap_or_default();
        ids.into_iter().map(|id| id as i64).collect()
    }

    pub(super) fn decode(&self, ids: &[i64]) -> String {
        let mut pieces = Vec::new();
        // The crate makes one U+FFFD of several bytes that are no character, SentencePiece one of
        // each: so runs of bytes are decoded here.
        for run in ids.chunk_by(|a, b| self.is_byte(*a) && self.is_byte(*b)) {
            let known = run.iter().filter_map(|&id| self.piece(id));
            if run.first().is_some_and(|&id| self.is_byte(id)) {
                let bytes = known.filter_map(super::byte);
                pieces.push(text_of(&bytes.collect::<Vec<_>>()));
            } else {
                pieces.extend(known.map(str::to_owned));
            }
        }
        self.0.decode_pieces(&pieces).unwrap_or_default()
    }

    fn piece(&self, id: i64) -> Option<&str> {
        self.0.id_to_piece(usize::try_from(id).ok()?).ok()
    }
}

/// UTF-8, with U+FFFD for each byte that is no part of a character.
fn text_of(mut bytes: &[u8]) -> String {
    let mut text = String::new();
    while !bytes.is_empty() {
        let valid = match std::str::from_utf8(bytes) {
            Ok(rest) => return text + rest,
            Err(error) => error.valid_up_to(),
        };
        text.push_str(&String::from_utf8_lossy(&bytes[..valid]));
        text.push('\u{fffd}');
        bytes = &bytes[valid + 1..];
    }
    text
}
