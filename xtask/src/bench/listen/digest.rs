//! Digests, in short.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// The first `bytes` of what was hashed, in hexadecimal.
pub(super) fn short(hash: Sha256, bytes: usize) -> String {
    let mut text = String::new();
    for byte in hash.finalize().iter().take(bytes) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
