//! One component on one backend.

use bundle::{ComponentName, Model};
use runtime::{Outputs, RuntimeError, Stream};
use tensor::Tensor;

use crate::table::DifferenceTable;

/// A component on a backend, and where its differences go.
pub(crate) struct ComponentRun<'a> {
    /// Name of the backend.
    pub(crate) backend: &'static str,
    /// The component.
    pub(crate) component: ComponentName,
    /// The model's shape.
    pub(crate) model: &'a Model,
    /// The loaded component. Whoever uses it resets it first.
    pub(crate) stream: Box<dyn Stream>,
    /// The table of differences.
    pub(crate) table: &'a mut DifferenceTable,
}

impl ComponentRun<'_> {
    /// Compares a tensor with the same one from other calls of this backend.
    pub(crate) fn compare_calls(&mut self, tensor: &str, context: &str, pair: [&Tensor; 2]) {
        let what = format!("{0} / {0}, other calls", self.backend);
        let views = pair.map(Tensor::view);
        (self.table).compare(self.component, tensor, &what, context, views);
    }

    /// Compares a tensor with what pocket-tts recorded.
    pub(crate) fn compare_record(
        &mut self,
        tensor: &str,
        context: &str,
        actual: &Tensor,
        record: &Tensor,
    ) {
        let what = format!("{} / record", self.backend);
        let views = [actual.view(), record.view()];
        (self.table).compare(self.component, tensor, &what, context, views);
    }

    /// Compares the output `name` with what pocket-tts recorded.
    pub(crate) fn compare_output(
        &mut self,
        outputs: &Outputs,
        name: &str,
        context: &str,
        record: &Tensor,
    ) -> Result<(), RuntimeError> {
        self.compare_record(name, context, outputs.get(name)?, record);
        Ok(())
    }
}
