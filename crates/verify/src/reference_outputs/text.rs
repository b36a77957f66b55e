//! `text.safetensors`: token ids and their embeddings.

use super::{ReferenceError, ReferenceOutputs};
use crate::component_run::ComponentRun;
use bundle::names;

pub(super) const FILE: &str = "text.safetensors";

/// `token_ids` [1, T] give `embeddings` [1, T, D].
pub(super) fn compare(
    records: &ReferenceOutputs,
    run: &mut ComponentRun<'_>,
) -> Result<(), ReferenceError> {
    let Some(file) = records.get(FILE) else {
        return Ok(());
    };
    let given = [(names::TOKEN_IDS, file.get("token_ids")?.view())];
    let outputs = run.stream.run(&given).map_err(ReferenceError::run(FILE))?;
    run.compare_output(&outputs, names::EMBEDDINGS, FILE, file.get("embeddings")?)?;
    Ok(())
}
