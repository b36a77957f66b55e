//! Turning ids into text.

use super::proto::PieceType;
use super::{SentencePieceTokenizer, VocabularyPiece};
use crate::{SPACE, byte};

impl SentencePieceTokenizer {
    /// The text of ids. Ids outside the vocabulary are dropped.
    pub(crate) fn decode(&self, ids: &[i64]) -> String {
        let is_byte = |piece: &&VocabularyPiece| piece.kind == PieceType::Byte;
        let pieces: Vec<&VocabularyPiece> = ids.iter().filter_map(|&id| self.get(id)).collect();
        let mut text = String::new();
        // Whether leading spaces of a piece are still at the beginning of the text.
        let mut at_start = true;
        let mut space_seen = false;
        for run in pieces.chunk_by(|a, b| is_byte(a) && is_byte(b)) {
            if run.first().is_some_and(is_byte) {
                let bytes = run.iter().filter_map(|piece| byte(&piece.text));
                push_bytes(&mut text, &bytes.collect::<Vec<_>>());
                continue;
            }
            for piece in run {
                at_start &= !space_seen && text.is_empty();
                space_seen = self.push(&mut text, piece, at_start);
            }
        }
        match &self.denormalizer {
            Some(denormalizer) => denormalizer.apply(&text, false).text,
            None => text,
        }
    }

    /// Appends a piece that is not a byte piece; the result says whether the space inserted before
    /// the text was removed with it.
    fn push(&self, text: &mut String, piece: &VocabularyPiece, at_start: bool) -> bool {
        match piece.kind {
            PieceType::Control => return false,
            PieceType::Unknown => {
                text.push_str(&self.unknown_surface);
                return false;
            }
            PieceType::Normal | PieceType::UserDefined | PieceType::Unused | PieceType::Byte => {}
        }
        let strips = at_start && (self.normalizer.adds_space() || self.normalizer.one_space);
        let stripped = piece.text.strip_prefix(SPACE).filter(|_| strips);
        text.push_str(&stripped.unwrap_or(&piece.text).replace(SPACE, " "));
        stripped.is_some() && !self.normalizer.one_space
    }
}

/// Appends UTF-8, with U+FFFD for each invalid byte.
fn push_bytes(text: &mut String, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let valid = match std::str::from_utf8(bytes) {
            Ok(rest) => return text.push_str(rest),
            Err(error) => error.valid_up_to(),
        };
        text.push_str(&String::from_utf8_lossy(&bytes[..valid]));
        text.push('\u{fffd}');
        bytes = &bytes[valid + 1..];
    }
}
