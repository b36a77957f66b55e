//! What goes over the pipes: lines, and sound between them.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Announces a byte that would end a line, or this one itself.
const ESCAPE: u8 = 0x7d;
/// The bit that differs in such a byte.
const CHANGED: u8 = 0x20;

/// The pipe to speech-dispatcher. Answers and events come from two threads: each goes out whole.
pub(super) struct Events<W>(Arc<Mutex<W>>);

impl<W> Clone for Events<W> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<W: Write> Events<W> {
    pub(super) fn new(output: W) -> Self {
        Self(Arc::new(Mutex::new(output)))
    }

    /// Sends lines.
    pub(super) fn say(&self, lines: &str) -> io::Result<()> {
        self.send(format!("{lines}\n").as_bytes())
    }

    /// An index mark has been reached.
    pub(super) fn mark(&self, name: &str) -> io::Result<()> {
        self.say(&format!("700-{name}\n700 INDEX MARK"))
    }

    /// Sends samples of 16 bits.
    pub(super) fn sound(&self, samples: &[i16], sample_rate: u32) -> io::Result<()> {
        let count = samples.len();
        let mut bytes = format!(
            "705-bits=16\n705-num_channels=1\n705-sample_rate={sample_rate}\n705-num_samples={count}\n\
             705-big_endian=0\n705-AUDIO\0"
        )
        .into_bytes();
        for byte in samples.iter().flat_map(|sample| sample.to_le_bytes()) {
            if byte == b'\n' || byte == ESCAPE {
                bytes.extend([ESCAPE, byte ^ CHANGED]);
            } else {
                bytes.push(byte);
            }
        }
        bytes.extend(b"\n705 AUDIO\n");
        self.send(&bytes)
    }

    fn send(&self, bytes: &[u8]) -> io::Result<()> {
        let mut output = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        output.write_all(bytes)?;
        output.flush()
    }
}

/// The lines up to one with a full stop. A line that begins with a full stop has one more.
pub(super) fn lines(
    input: &mut impl Iterator<Item = io::Result<String>>,
) -> io::Result<Vec<String>> {
    let mut lines = Vec::new();
    for line in input {
        let line = line?;
        if line == "." {
            return Ok(lines);
        }
        lines.push(line.strip_prefix('.').unwrap_or(&line).to_owned());
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}
