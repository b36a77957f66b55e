//! Everything that a component gave, call by call.

use bundle::ComponentName;
use runtime::{Outputs, RuntimeError, Stream};
use tensor::{Tensor, TensorView};

use crate::table::DifferenceTable;

/// Outputs and states of a sequence of calls.
#[derive(Default)]
pub(crate) struct Trace(Vec<TraceEntry>);

struct TraceEntry {
    context: String,
    tensor: String,
    value: Tensor,
}

impl Trace {
    /// Runs the stream once, and keeps its outputs and the states it goes on from.
    pub(crate) fn call(
        &mut self,
        stream: &mut dyn Stream,
        context: &str,
        inputs: &[(&str, TensorView<'_>)],
    ) -> Result<Outputs, RuntimeError> {
        let outputs = stream.run(inputs)?;
        self.keep(stream, context, &outputs)?;
        Ok(outputs)
    }

    /// Keeps the outputs of a call and the states that the stream goes on from.
    pub(crate) fn keep(
        &mut self,
        stream: &dyn Stream,
        context: &str,
        outputs: &Outputs,
    ) -> Result<(), RuntimeError> {
        let mut keep = |tensor: String, value: Tensor| {
            self.0.push(TraceEntry {
                context: context.to_owned(),
                tensor,
                value,
            });
        };
        for (name, value) in outputs.clone() {
            keep(name, value);
        }
        for state in &stream.component().states {
            let value = stream.state(&state.input)?;
            keep(state.input.clone(), value);
        }
        Ok(())
    }

    /// Compares the same calls of two sources.
    pub(crate) fn compare(
        &self,
        reference: &Self,
        component: ComponentName,
        what: &str,
        table: &mut DifferenceTable,
    ) {
        for (a, b) in self.0.iter().zip(&reference.0) {
            let views = [a.value.view(), b.value.view()];
            table.compare(component, &a.tensor, what, &a.context, views);
        }
    }
}
