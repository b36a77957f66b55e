//! `text.safetensors`: token ids and their embeddings.

use super::{Records, TrialError};
use crate::trial::Trial;

pub(super) const FILE: &str = "text.safetensors";

/// `token_ids` [1, T] give `embeddings` [1, T, D].
pub(super) fn compare(records: &Records, trial: &mut Trial<'_>) -> Result<(), TrialError> {
    let Some(file) = records.get(FILE) else {
        return Ok(());
    };
    let given = [("token_ids", file.get("token_ids")?.view())];
    let outputs = trial.stream.run(&given).map_err(TrialError::run(FILE))?;
    trial.compare_output(&outputs, "embeddings", FILE, file.get("embeddings")?)?;
    Ok(())
}
