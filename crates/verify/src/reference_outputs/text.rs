//! `text.safetensors`: token ids and their embeddings.

use super::{ReferenceError, ReferenceOutputs};
use crate::component_run::ComponentRun;
use bundle::names;

pub(super) const TEXT_FILE: &str = "text.safetensors";

/// `token_ids` [1, T] give `embeddings` [1, T, D].
pub(super) fn compare(
    records: &ReferenceOutputs,
    run: &mut ComponentRun<'_>,
) -> Result<(), ReferenceError> {
    let Some(file) = records.get(TEXT_FILE) else {
        return Ok(());
    };
    let given = [(names::TOKEN_IDS, file.get("token_ids")?.view())];
    let outputs = run
        .stream
        .run(&given)
        .map_err(ReferenceError::run(TEXT_FILE))?;
    run.compare_output(
        &outputs,
        names::EMBEDDINGS,
        TEXT_FILE,
        file.get("embeddings")?,
    )?;
    Ok(())
}
