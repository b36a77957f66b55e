//! The header of a safetensors file (weights, voices): checked as a whole, with one error for what
//! is wrong.

use std::collections::HashSet;
use std::fmt;

use safetensors::tensor::Metadata;
use safetensors::{SafeTensorError, SafeTensors};
use serde::Deserializer as _;
use serde::de::{IgnoredAny, MapAccess, Visitor};

/// Bytes of the header's length.
const LENGTH: usize = 8;
/// Longest header that the format allows.
const LONGEST_SAFETENSORS_HEADER: usize = 100_000_000;

/// What is wrong with a header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// A tensor is listed twice, so it is ambiguous.
    #[error("it describes tensor `{tensor}` twice")]
    Duplicate {
        /// The tensor.
        tensor: String,
    },
    /// It is damaged, or the file's length is wrong.
    #[error("{reason}")]
    Malformed {
        /// What is wrong, in one clause.
        reason: String,
    },
}

/// Checks a whole file: header, names, shapes, offsets and the file's length.
pub fn safetensors_header(file: &[u8]) -> Result<Metadata, HeaderError> {
    if let Some(tensor) = json(file).and_then(first_duplicate) {
        return Err(HeaderError::Duplicate { tensor });
    }
    match SafeTensors::read_metadata(file) {
        Ok((_, metadata)) => Ok(metadata),
        Err(error) => Err(HeaderError::Malformed {
            reason: reason(&error, file),
        }),
    }
}

/// Expected size of the header in bytes.
fn length(file: &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(*file.first_chunk::<LENGTH>()?))
}

fn json(file: &[u8]) -> Option<&[u8]> {
    let length = usize::try_from(length(file)?).ok()?;
    (length <= LONGEST_SAFETENSORS_HEADER).then(|| file.get(LENGTH..LENGTH + length))?
}

fn reason(error: &SafeTensorError, file: &[u8]) -> String {
    match error {
        SafeTensorError::HeaderTooSmall => format!("it has only {} bytes", file.len()),
        SafeTensorError::HeaderTooLarge => format!(
            "its first bytes announce a header of {} bytes, and {LONGEST_SAFETENSORS_HEADER} is the limit",
            length(file).unwrap_or_default()
        ),
        SafeTensorError::InvalidHeaderLength => format!(
            "its header should have {} bytes, and the whole file has {}",
            length(file).unwrap_or_default(),
            file.len()
        ),
        SafeTensorError::InvalidOffset(name) => {
            format!("the data of tensor `{name}` does not start where that before it ends")
        }
        SafeTensorError::TensorInvalidInfo => {
            "the offsets of a tensor do not fit its shape and dtype".to_owned()
        }
        SafeTensorError::MetadataIncompleteBuffer => {
            "it is cut short, or has bytes beyond its last tensor".to_owned()
        }
        other => other.to_string(),
    }
}

/// The first name that occurs twice in a JSON object; `None` for anything but an object.
fn first_duplicate(json: &[u8]) -> Option<String> {
    struct Names;

    impl<'de> Visitor<'de> for Names {
        type Value = Option<String>;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut seen = HashSet::new();
            let mut duplicate = None;
            while let Some((name, IgnoredAny)) = map.next_entry::<String, _>()? {
                if duplicate.is_none() && seen.contains(&name) {
                    duplicate = Some(name);
                } else {
                    seen.insert(name);
                }
            }
            Ok(duplicate)
        }
    }

    // Invalid JSON is left to the check that follows, which describes the mistake.
    serde_json::Deserializer::from_slice(json)
        .deserialize_map(Names)
        .ok()
        .flatten()
}
