//! Recordings that were concatenated, as `cat a.mp3 b.mp3 > c.mp3` does. Players play all of them,
//! but `symphonia` stops where the first one ends.

use std::io::{self, Read as _, Seek as _};
use std::sync::Arc;

use filetype::FileType;

use crate::source::RecordingReader;

/// Bytes of a file that are searched: more than the longest recording that is used.
const SCANNED: u64 = 64 << 20;

/// The recordings in `source` if there are several. `None` for a single one, and for formats whose
/// readers continue by themselves or that mark their own end. The source is rewound.
pub(crate) fn parts(found: &FileType, source: &mut RecordingReader) -> io::Result<Vec<Arc<[u8]>>> {
    let begins: fn(&[u8], usize) -> Option<usize> = match found {
        FileType::Audio("FLAC") => flac,
        FileType::Audio("MP3") => mp3,
        _ => return Ok(Vec::new()),
    };
    let mut bytes = Vec::new();
    source.take(SCANNED).read_to_end(&mut bytes)?;
    source.rewind()?;
    let beginnings = (0..bytes.len()).filter_map(|at| begins(&bytes, at));
    // The first recording begins at the start of the file, whatever comes before the part that
    // tells its length.
    let mut starts: Vec<_> = [0].into_iter().chain(beginnings.skip(1)).collect();
    if starts.len() == 1 {
        return Ok(Vec::new());
    }
    starts.push(bytes.len());
    Ok(starts
        .windows(2)
        .map(|pair| bytes[pair[0]..pair[1]].into())
        .collect())
}

/// A stream's marker and the header of its first block, which has a fixed length.
fn flac(bytes: &[u8], at: usize) -> Option<usize> {
    let begins = matches!(
        bytes[at..],
        [b'f', b'L', b'a', b'C', 0 | 0x80, 0, 0, 34, _, ..]
    );
    begins.then_some(at)
}

/// The start of the frame whose tag at `at` (`Xing` or `Info`) tells how many frames follow. The tag
/// comes after the frame's header and side information, whose length depends on version and channels.
fn mp3(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    if !(rest.starts_with(b"Xing") || rest.starts_with(b"Info")) {
        return None;
    }
    let is_frame = |&frame: &usize| bytes[frame] == 0xff && bytes[frame + 1] & 0xe0 == 0xe0;
    [36, 21, 13]
        .into_iter()
        .filter_map(|before| at.checked_sub(before))
        .find(is_frame)
}
