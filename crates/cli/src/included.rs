//! The included model, if there is no bundle.

use std::path::{Path, PathBuf};

use anyhow::Result;
use config::Variant;
use pocket_onnx::starling::IncludedBundle;
use server::{Models, ServeError};

use crate::args::DEFAULT_BUNDLE;
use crate::output::note;

/// Its description for users.
pub(crate) const DESCRIPTION: &str =
    "the small English model that is included in this program, for demonstration";

/// Whether `dir` is the default folder, and has no bundle.
fn is_missing(dir: &Path) -> bool {
    dir == Path::new(DEFAULT_BUNDLE)
        && matches!(
            Models::open(dir),
            Err(ServeError::NoBundle { .. } | ServeError::Read { .. })
        )
}

/// The folder of a bundle, and the owner of that folder if it is temporary.
pub(crate) struct BundleFolder {
    pub(crate) bundle: PathBuf,
    pub(crate) scratch: Option<IncludedBundle>,
}

/// `dir`, or if that is the default and has no bundle, one of the included model, with a notice.
pub(crate) fn or_included(dir: &Path, quiet: bool) -> Result<BundleFolder> {
    if !is_missing(dir) {
        return Ok(BundleFolder {
            bundle: dir.to_owned(),
            scratch: None,
        });
    }
    if !quiet {
        note(&format!(
            "notice: there is no bundle in {}: this is {}, {DESCRIPTION}; `pocket-onnx convert` makes a \
             bundle of Kyutai's models, which speak far better",
            dir.display(),
            Variant::INCLUDED,
        ));
    }
    let included = IncludedBundle::new()?;
    Ok(BundleFolder {
        bundle: included.path().to_owned(),
        scratch: Some(included),
    })
}
