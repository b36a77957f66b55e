//! The bytes of a recording: where its sound begins.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;

use symphonia::core::io::MediaSource;

/// A file, or the content of one.
pub(crate) enum RecordingBytes {
    File(File),
    Memory(Cursor<Arc<[u8]>>),
}

/// The part of a file after its tags.
///
/// `symphonia` looks for a recording in the first megabyte only, and cover pictures are larger.
pub(crate) struct RecordingReader {
    inner: RecordingBytes,
    /// Where the sound begins.
    start: u64,
    /// Bytes after the start, if `symphonia` may know them.
    length: Option<u64>,
}

/// Bytes of the header of an `ID3v2` tag, and of its footer.
const TAG_HEADER: usize = 10;

impl RecordingReader {
    /// Skips the `ID3v2` tags at the beginning; some programs write several.
    pub(crate) fn new(mut inner: RecordingBytes) -> io::Result<Self> {
        let length = inner.seek(SeekFrom::End(0))?;
        let mut start = 0;
        loop {
            inner.seek(SeekFrom::Start(start))?;
            let mut header = Vec::with_capacity(TAG_HEADER);
            (&mut inner)
                .take(TAG_HEADER as u64)
                .read_to_end(&mut header)?;
            match tag_length(&header) {
                Some(tag) if start + tag < length => start += tag,
                _ => break,
            }
        }
        inner.seek(SeekFrom::Start(start))?;
        Ok(Self {
            inner,
            start,
            length: Some(length - start),
        })
    }

    /// The same bytes, presented as a stream of unknown length: `symphonia` refuses some truncated
    /// files, but reads a truncated stream as far as it goes.
    pub(crate) fn stream(&self) -> io::Result<Self> {
        let inner = match &self.inner {
            RecordingBytes::File(file) => RecordingBytes::File(file.try_clone()?),
            RecordingBytes::Memory(cursor) => RecordingBytes::Memory(cursor.clone()),
        };
        Ok(Self {
            inner,
            start: self.start,
            length: None,
        })
    }

    /// The first bytes, from which the next read starts again.
    pub(crate) fn head(&mut self, count: usize) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        self.take(count as u64).read_to_end(&mut head)?;
        self.rewind()?;
        Ok(head)
    }
}

/// Bytes of the tag that begins with `header`, if one does.
fn tag_length(header: &[u8]) -> Option<u64> {
    let &[b'I', b'D', b'3', major, _, flags, a, b, c, d] = header else {
        return None;
    };
    if major == 0xff || [a, b, c, d].iter().any(|byte| byte & 0x80 != 0) {
        return None;
    }
    let size = [a, b, c, d]
        .iter()
        .fold(0, |size: u64, &byte| size << 7 | u64::from(byte));
    let footer = if flags & 0x10 == 0 { 0 } else { TAG_HEADER };
    Some(TAG_HEADER as u64 + size + footer as u64)
}

impl Read for RecordingBytes {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(out),
            Self::Memory(cursor) => cursor.read(out),
        }
    }
}

impl Seek for RecordingBytes {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::File(file) => file.seek(to),
            Self::Memory(cursor) => cursor.seek(to),
        }
    }
}

impl Read for RecordingReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.inner.read(out)
    }
}

impl Seek for RecordingReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => SeekFrom::Start(self.start.saturating_add(at)),
            other => other,
        };
        let at = self.inner.seek(to)?;
        at.checked_sub(self.start)
            .ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }
}

impl MediaSource for RecordingReader {
    fn is_seekable(&self) -> bool {
        self.length.is_some()
    }

    fn byte_len(&self) -> Option<u64> {
        self.length
    }
}
