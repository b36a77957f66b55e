//! A file of the bundle, with what proves that it is whole.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Name, size and digest of one file of the bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FileEntry {
    /// Name inside the bundle's folder.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256, in lower-case hexadecimal.
    pub sha256: String,
}

/// Why a file of a bundle is not what the manifest says.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its size differs.
    #[error("{path} has {actual} bytes where the manifest says {expected}")]
    Size {
        /// The file.
        path: PathBuf,
        /// Bytes the manifest names.
        expected: u64,
        /// Bytes on disk.
        actual: u64,
    },
    /// Its content differs.
    #[error("{path} has SHA-256 {actual} where the manifest says {expected}")]
    Digest {
        /// The file.
        path: PathBuf,
        /// Digest the manifest names.
        expected: String,
        /// Digest of what is on disk.
        actual: String,
    },
}

impl FileEntry {
    /// Whether the name stays within the bundle's folder, on every platform.
    pub fn is_in_folder(&self) -> bool {
        let name = self.name.as_str();
        !matches!(name, "" | "." | "..") && !name.contains(['/', '\\', ':', '\0'])
    }

    /// Describes the file `name` in `dir` as it is now.
    pub fn of(dir: &Path, name: &str) -> Result<Self, FileError> {
        let path = dir.join(name);
        let (size, sha256) = digest(&path).map_err(|source| FileError::Read { path, source })?;
        Ok(Self {
            name: name.to_owned(),
            size,
            sha256,
        })
    }

    /// Compares the file in `dir` with this entry.
    pub fn check(&self, dir: &Path) -> Result<(), FileError> {
        let path = dir.join(&self.name);
        let actual = std::fs::metadata(&path)
            .map_err(|source| FileError::Read {
                path: path.clone(),
                source,
            })?
            .len();
        if actual != self.size {
            return Err(FileError::Size {
                path,
                expected: self.size,
                actual,
            });
        }
        let now = Self::of(dir, &self.name)?;
        if now.sha256 != self.sha256 {
            return Err(FileError::Digest {
                path,
                expected: self.sha256.clone(),
                actual: now.sha256,
            });
        }
        Ok(())
    }
}

fn digest(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    let mut size = 0;
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok((size, hex(&hash.finalize())));
        }
        hash.update(&buffer[..n]);
        size += n as u64;
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|b| [b >> 4, b & 15]);
    digits.map(|d| char::from(DIGITS[usize::from(d)])).collect()
}

#[cfg(test)]
mod tests {
    use super::FileEntry;

    #[test]
    fn names_that_leave_the_folder_are_refused() {
        for (name, expected) in [
            ("flow_lm.onnx", true),
            ("voice.größe.safetensors", true),
            ("..data", true),
            ("", false),
            (".", false),
            ("..", false),
            ("../flow_lm.onnx", false),
            ("/etc/passwd", false),
            ("a/b", false),
            ("a\\b", false),
            ("C:b", false),
            ("a\0", false),
        ] {
            let entry = FileEntry {
                name: name.to_owned(),
                size: 0,
                sha256: String::new(),
            };
            assert_eq!(entry.is_in_folder(), expected, "{name:?}");
        }
    }
}
