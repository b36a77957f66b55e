//! `encoder.safetensors`: a recording, its latents and the voice prompt.

use super::{ReferenceError, ReferenceOutputs};
use crate::component_run::ComponentRun;
use crate::slice::slice;
use bundle::names;

pub(super) const ENCODER_FILE: &str = "encoder.safetensors";

/// Samples that are cut off the end of `wav` for the outputs with the suffix `_odd`.
const ODD_CUT: usize = 777;

/// Compares `latents` and `prompt` of `wav` [1, 1, N], and those of `wav` without its end (`_odd`).
pub(super) fn compare(
    records: &ReferenceOutputs,
    run: &mut ComponentRun<'_>,
) -> Result<(), ReferenceError> {
    let Some(file) = records.get(ENCODER_FILE) else {
        return Ok(());
    };
    let whole = file.get("wav")?;
    let samples = whole.shape().last().copied().unwrap_or(0);
    let odd = slice(whole.view(), 2, 0..samples.saturating_sub(ODD_CUT))?;
    for (suffix, wav) in [("", whole), ("_odd", &odd)] {
        let given = [(names::AUDIO, wav.view())];
        let outputs = run
            .stream
            .run(&given)
            .map_err(ReferenceError::run(ENCODER_FILE))?;
        for name in [names::LATENTS, names::PROMPT] {
            let key = format!("{name}{suffix}");
            let context = format!("{ENCODER_FILE}, {key}");
            run.compare_output(&outputs, name, &context, file.get(&key)?)?;
        }
    }
    Ok(())
}
