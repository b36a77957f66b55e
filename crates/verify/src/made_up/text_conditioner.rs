//! Token ids: one, and a sentence of them.

use runtime::RuntimeError;

use crate::inputs::Inputs;
use crate::trace::Trace;
use crate::trial::Trial;

pub(super) fn run(trial: &mut Trial<'_>) -> Result<Trace, RuntimeError> {
    let mut inputs = Inputs::of(trial.component);
    let mut trace = Trace::default();
    // The table has one row more than there are pieces.
    let largest = trial.model.flow_lm.lookup_table.n_bins as i64;
    for count in [1, 17] {
        let ids = inputs.token_ids(count, largest)?;
        let context = format!("{count} tokens");
        trace.call(
            trial.stream.as_mut(),
            &context,
            &[("token_ids", ids.view())],
        )?;
    }
    Ok(trace)
}
