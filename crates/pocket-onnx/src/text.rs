//! Real-world text files: UTF-8, or UTF-16 with a byte order mark.

use std::io::{self, ErrorKind, Read};

use encoding_rs::{Decoder, DecoderResult, UTF_8};
use filetype::FileType;

/// Why a file is not a text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TextFileError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// A zero byte, as in UTF-16 without a byte order mark.
    #[error("line {line} holds a zero byte: {help}")]
    ZeroByte {
        /// Counted from 1.
        line: usize,
        /// The way out.
        help: String,
    },
    /// Bytes that are not of the encoding.
    #[error("line {line} is not {encoding} at byte {byte}: {help}")]
    Encoding {
        /// Counted from 1.
        line: usize,
        /// The encoding that the file's first bytes name.
        encoding: &'static str,
        /// Counted from 1, from the beginning of the file.
        byte: usize,
        /// The way out.
        help: String,
    },
    /// A piece is longer than its encoding allows.
    #[error("line {line} cannot be decoded")]
    Undecodable {
        /// Counted from 1.
        line: usize,
    },
}

/// Bytes that are read at once.
const READ_BYTES: usize = 2048;

/// Reads a text piece by piece. A byte order mark tells the encoding, and is removed.
pub struct TextReader<R> {
    input: R,
    decoder: Decoder,
    /// The line that is being read.
    line: usize,
    /// Bytes that have been read.
    bytes: usize,
    /// The file's first bytes, which tell what it is if it is not a text.
    head: Vec<u8>,
    is_over: bool,
    /// An error in the text, returned after the pieces before it.
    failure: Option<TextFileError>,
}

impl<R: Read> TextReader<R> {
    /// Begins to read.
    pub fn new(input: R) -> Self {
        Self {
            input,
            decoder: UTF_8.new_decoder(),
            line: 1,
            bytes: 0,
            head: Vec::new(),
            is_over: false,
            failure: None,
        }
    }

    /// The next piece, as soon as there is one; `None` at the end. The text before something that
    /// cannot be decoded comes before the error.
    pub fn next_piece(&mut self) -> Result<Option<String>, TextFileError> {
        let mut bytes = [0; READ_BYTES];
        loop {
            if let Some(failure) = self.failure.take() {
                self.is_over = true;
                return Err(failure);
            }
            if self.is_over {
                return Ok(None);
            }
            let count = match self.input.read(&mut bytes) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                count => count?,
            };
            let bytes = &bytes[..count];
            if self.head.len() < READ_BYTES {
                self.head.extend_from_slice(bytes);
            }
            self.is_over = bytes.is_empty();
            let text = self.decode(bytes);
            if !text.is_empty() {
                return Ok(Some(text));
            }
        }
    }

    /// The text up to what is wrong, which is noted.
    fn decode(&mut self, bytes: &[u8]) -> String {
        let longest = self
            .decoder
            .max_utf8_buffer_length_without_replacement(bytes.len());
        let mut text = String::with_capacity(longest.unwrap_or_default());
        let (result, read) =
            self.decoder
                .decode_to_string_without_replacement(bytes, &mut text, self.is_over);
        let end = text.find('\0');
        text.truncate(end.unwrap_or(text.len()));
        self.line += lines(&text);
        let line = self.line;
        self.failure = match result {
            _ if end.is_some() => {
                let help = self.way_out();
                Some(TextFileError::ZeroByte { line, help })
            }
            DecoderResult::InputEmpty => None,
            DecoderResult::OutputFull => Some(TextFileError::Undecodable { line }),
            DecoderResult::Malformed(length, after) => {
                let encoding = self.decoder.encoding().name();
                let help = self.way_out();
                let wrong = usize::from(length) + usize::from(after);
                let byte = (self.bytes + read).saturating_sub(wrong) + 1;
                Some(TextFileError::Encoding {
                    line,
                    encoding,
                    byte,
                    help,
                })
            }
        };
        self.bytes += bytes.len();
        text
    }

    /// The way out, or what the file is if its first bytes show that it is not a text.
    fn way_out(&self) -> String {
        match FileType::of(&self.head) {
            FileType::Text | FileType::Unknown | FileType::Empty => "save it as UTF-8".to_owned(),
            // A byte order mark shows that it is a text.
            _ if self.decoder.encoding() != UTF_8 => "save it as UTF-8".to_owned(),
            kind => format!("it is {kind}, not a text"),
        }
    }
}

/// All of a text.
pub fn read_all(input: impl Read) -> Result<String, TextFileError> {
    let mut pieces = TextReader::new(input);
    let mut text = String::new();
    while let Some(piece) = pieces.next_piece()? {
        text.push_str(&piece);
    }
    Ok(text)
}

/// Line ends of any system.
fn lines(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_end = |&(at, &byte): &(usize, &u8)| {
        byte == b'\n' || (byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'))
    };
    bytes.iter().enumerate().filter(is_end).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn texts_are_read_as_people_have_them() {
        let long = "Zwölf Ärzte, 語 and 𝒜.\r\n".repeat(500);
        for text in ["", "Hello.", "é", &long] {
            let marked = format!("\u{feff}{text}");
            let cases = [
                text.as_bytes().to_vec(),
                marked.as_bytes().to_vec(),
                utf16(&marked, u16::to_le_bytes),
                utf16(&marked, u16::to_be_bytes),
            ];
            for bytes in cases {
                assert_eq!(read_all(&bytes[..]).unwrap(), text);
            }
        }
    }

    #[test]
    fn other_encodings_are_refused_with_the_line_of_the_first_bad_byte() {
        let long = "A line.\n".repeat(999);
        let cases: [(Vec<u8>, &str); 10] = [
            (
                b"caf\xe9".to_vec(),
                "line 1 is not UTF-8 at byte 4: save it as UTF-8",
            ),
            (b"one\ntwo\r\ncaf\xe9\n".to_vec(), "line 3 is not UTF-8"),
            (b"one\rtwo\rcaf\xe9\r".to_vec(), "line 3 is not UTF-8"),
            (
                [long.as_bytes(), b"\x93Hi\x94"].concat(),
                "line 1000 is not UTF-8",
            ),
            // A character that the end of the file cuts.
            (b"one\n\xc3".to_vec(), "line 2 is not UTF-8"),
            (
                b"\xff\xfeH\0\n\0\0\xd8x\0".to_vec(),
                "line 2 is not UTF-16LE",
            ),
            (b"\xff\xfeH\0i".to_vec(), "line 1 is not UTF-16LE"),
            // UTF-16 without a mark, and UTF-32.
            (
                b"H\0i\0".to_vec(),
                "line 1 holds a zero byte: save it as UTF-8",
            ),
            (b"\xff\xfe\0\0H\0\0\0".to_vec(), "line 1 holds a zero byte"),
            (
                b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec(),
                "line 2 is not UTF-8 at byte 11: it is a",
            ),
        ];
        for (bytes, says) in cases {
            let error = read_all(&bytes[..]).unwrap_err().to_string();
            assert!(error.starts_with(says), "{error}, not {says}");
        }
    }
}
