//! The header of a safetensors file, and errors about files without one.

use std::path::Path;

use filetype::{Expected, FileType, Foreign, HeaderError, safetensors_header};
use safetensors::tensor::Metadata;

use crate::WeightsError;

/// Checks a whole file: header, names, shapes, offsets and the file's length.
pub(super) fn read(path: &Path, file: &[u8]) -> Result<Metadata, WeightsError> {
    let reason = match safetensors_header(file) {
        Ok(metadata) => return Ok(metadata),
        Err(HeaderError::Duplicate { tensor }) => {
            return Err(WeightsError::DuplicateKey {
                path: path.to_owned(),
                key: tensor,
            });
        }
        Err(HeaderError::Malformed { reason }) => reason,
    };
    let path = path.to_owned();
    let found = FileType::of(file);
    let may_be_named = matches!(found, FileType::Unknown | FileType::Text);
    if found == FileType::Pickle || may_be_named && is_named_as_pickle(&path) {
        return Err(WeightsError::Pickle { path });
    }
    Err(match Foreign::of(found, Expected::Weights) {
        Some(foreign) => WeightsError::Foreign { path, foreign },
        None => WeightsError::Malformed { path, reason },
    })
}

/// Whether only `torch.save` writes tensors with such a name.
fn is_named_as_pickle(path: &Path) -> bool {
    path.extension().is_some_and(|extension| {
        ["pt", "pth", "ckpt", "bin", "pkl"]
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
    })
}
