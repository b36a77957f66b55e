//! One row, and a batch; then the batch row by row.

use bundle::names;
use runtime::RuntimeError;
use tensor::TensorView;

use crate::component_run::ComponentRun;
use crate::inputs::RandomInputs;
use crate::slice::slice;
use crate::trace::Trace;

pub(super) fn run(run: &mut ComponentRun<'_>) -> Result<Trace, RuntimeError> {
    let mut inputs = RandomInputs::of(run.component);
    let flow_lm = &run.model.flow_lm;
    let ldim = run.model.mimi.latent_dim();
    let mut trace = Trace::default();
    for rows in [1, 4] {
        let mut given = vec![(
            names::CONDITIONING,
            inputs.normal([rows, flow_lm.conditioning_dim()], 1.0)?,
        )];
        for &time in flow_lm.flow.kind.time_inputs() {
            given.push((time, inputs.uniform([rows, 1])?));
        }
        given.push((names::X, inputs.normal([rows, ldim], 1.0)?));
        let views: Vec<(&str, TensorView<'_>)> = given
            .iter()
            .map(|(name, value)| (*name, value.view()))
            .collect();
        let context = format!("{rows} rows");
        let batch = trace.call(run.stream.as_mut(), &context, &views)?;
        if rows == 1 {
            continue;
        }
        for row in 0..rows {
            let cut = (given.iter())
                .map(|(name, value)| Ok((*name, slice(value.view(), 0, row..row + 1)?)))
                .collect::<Result<Vec<_>, RuntimeError>>()?;
            let views: Vec<_> = cut
                .iter()
                .map(|(name, value)| (*name, value.view()))
                .collect();
            let alone = run.stream.run(&views)?;
            let expected = slice(batch.get(names::FLOW)?.view(), 0, row..row + 1)?;
            let context = format!("row {row} alone");
            run.compare_calls(names::FLOW, &context, [alone.get(names::FLOW)?, &expected]);
        }
    }
    Ok(trace)
}
