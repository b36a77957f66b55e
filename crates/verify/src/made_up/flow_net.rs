//! One row, and a batch; then the batch row by row.

use runtime::RuntimeError;
use tensor::TensorView;

use crate::inputs::Inputs;
use crate::slice::slice;
use crate::trace::Trace;
use crate::trial::Trial;

pub(super) fn run(trial: &mut Trial<'_>) -> Result<Trace, RuntimeError> {
    let mut inputs = Inputs::of(trial.component);
    let flow_lm = &trial.model.flow_lm;
    let ldim = trial.model.mimi.quantizer.dimension;
    let mut trace = Trace::default();
    for rows in [1, 4] {
        let mut given = vec![(
            "conditioning",
            inputs.normal([rows, flow_lm.conditioning_dim()], 1.0)?,
        )];
        for &time in flow_lm.flow.kind.time_inputs() {
            given.push((time, inputs.uniform([rows, 1])?));
        }
        given.push(("x", inputs.normal([rows, ldim], 1.0)?));
        let views: Vec<(&str, TensorView<'_>)> = given
            .iter()
            .map(|(name, value)| (*name, value.view()))
            .collect();
        let context = format!("{rows} rows");
        let batch = trace.call(trial.stream.as_mut(), &context, &views)?;
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
            let alone = trial.stream.run(&views)?;
            let expected = slice(batch.get("flow")?.view(), 0, row..row + 1)?;
            let context = format!("row {row} alone");
            trial.compare_calls("flow", &context, [alone.get("flow")?, &expected]);
        }
    }
    Ok(trace)
}
