//! Speech as a file of sound.

use std::io::Write as _;
use std::path::Path;

use encode::{EncodeOptions, Encoder, Format, Tags, Target};
use files::Destination;

use crate::error::About;
use crate::{Error, Result, Utterance};

/// Speaks into a file.
pub(crate) fn save(utterance: Utterance, path: &Path) -> Result<()> {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    let format =
        Format::of_extension(&ending.to_lowercase()).ok_or_else(|| Error::SoundFormat {
            path: path.to_owned(),
        })?;
    let mut output = Destination::find(path)?.open()?;
    let options = EncodeOptions {
        sample_rate: utterance.sample_rate(),
        target: Target::new(output.can_seek()),
        tags: Tags::default(),
    };
    let mut encoder = Encoder::new(format, &options)?;
    let failed = || format!("cannot write {}", path.display());
    let mut bytes = Vec::new();
    for chunk in utterance {
        encoder.push(&chunk?.audio, &mut bytes)?;
        output.write_all(&bytes).about(failed)?;
        bytes.clear();
    }
    let header = encoder.finish(&mut bytes)?;
    output.write_all(&bytes).about(failed)?;
    if let Some(header) = header.filter(|_| output.can_seek()) {
        header.write_to(&mut output).about(failed)?;
    }
    Ok(output.finish()?)
}
