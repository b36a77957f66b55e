//! `precompiled_charsmap`: SentencePiece's compiled table of replacements, for example `nmt_nfkc`.
//! It has a double-array trie of the texts to replace, and the replacements, each terminated by a
//! NUL.

/// A compiled table of replacements.
#[derive(Debug)]
pub(crate) struct CharsMap {
    /// Units of the trie, as Darts lays them out.
    units: Vec<u32>,
    replacements: String,
}

impl CharsMap {
    /// Reads `<u32: bytes of the trie><trie><replacements>`.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        let (length, rest) = (bytes.split_first_chunk::<4>())
            .ok_or("its precompiled_charsmap is shorter than its header")?;
        let length = u32::from_le_bytes(*length) as usize;
        if length < 1024 || !length.is_multiple_of(1024) || length >= rest.len() {
            return Err("its precompiled_charsmap is cut short");
        }
        let (trie, replacements) = rest.split_at(length);
        let units = (trie.chunks_exact(4))
            .map(|unit| u32::from_le_bytes([unit[0], unit[1], unit[2], unit[3]]))
            .collect();
        let replacements = str::from_utf8(replacements)
            .map_err(|_| "its precompiled_charsmap holds text that is not UTF-8")?;
        if !replacements.ends_with('\0') {
            return Err("its precompiled_charsmap does not end with a NUL");
        }
        Ok(Self {
            units,
            replacements: replacements.to_owned(),
        })
    }

    /// Every rule that matches at the beginning of `text`, shortest first: the length of the match
    /// and its replacement.
    pub(crate) fn matches<'a>(
        &'a self,
        text: &'a str,
    ) -> impl Iterator<Item = (usize, &'a str)> + 'a {
        let mut at = self.units.first().map_or(0, |&unit| offset(unit));
        let mut bytes = text.bytes().enumerate();
        std::iter::from_fn(move || {
            loop {
                let (index, byte) = bytes.next()?;
                at ^= usize::from(byte);
                let unit = *self.units.get(at)?;
                if label(unit) != u32::from(byte) {
                    // There is no longer match.
                    bytes = text[text.len()..].bytes().enumerate();
                    return None;
                }
                at ^= offset(unit);
                let length = index + 1;
                if has_leaf(unit) && text.is_char_boundary(length) {
                    let value = *self.units.get(at)? & !(1 << 31);
                    return Some((length, self.replacement(value as usize)?));
                }
            }
        })
    }

    fn replacement(&self, start: usize) -> Option<&str> {
        self.replacements.get(start..)?.split('\0').next()
    }
}

fn has_leaf(unit: u32) -> bool {
    unit >> 8 & 1 == 1
}

fn label(unit: u32) -> u32 {
    unit & (1 << 31 | 0xff)
}

fn offset(unit: u32) -> usize {
    ((unit >> 10) << ((unit & 1 << 9) >> 6)) as usize
}
