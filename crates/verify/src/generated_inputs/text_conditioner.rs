//! Token ids: one, and a sentence of them.

use bundle::names;
use runtime::RuntimeError;

use crate::component_run::ComponentRun;
use crate::inputs::RandomInputs;
use crate::trace::Trace;

pub(super) fn run(run: &mut ComponentRun<'_>) -> Result<Trace, RuntimeError> {
    let mut inputs = RandomInputs::of(run.component);
    let mut trace = Trace::default();
    // The table has one row more than there are pieces.
    let largest = run.model.flow_lm.lookup_table.n_bins as i64;
    for count in [1, 17] {
        let ids = inputs.token_ids(count, largest)?;
        let context = format!("{count} tokens");
        trace.call(
            run.stream.as_mut(),
            &context,
            &[(names::TOKEN_IDS, ids.view())],
        )?;
    }
    Ok(trace)
}
