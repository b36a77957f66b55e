//! What a backend has to offer: loading a graph, running it.

use std::path::Path;

use crate::RuntimeError;
use tensor::{Tensor, TensorView};

/// Something that loads ONNX graphs.
pub trait Backend: Send + Sync {
    /// What to call it in a message.
    fn name(&self) -> &'static str;

    /// Loads the graph at `graph` with the weights beside it.
    fn load(&self, graph: &Path) -> Result<Box<dyn Graph>, RuntimeError>;
}

/// A loaded graph. It keeps no state between calls.
pub trait Graph: Send {
    /// Names of the inputs, in the graph's order.
    fn inputs(&self) -> &[String];

    /// Names of the outputs, in the graph's order.
    fn outputs(&self) -> &[String];

    /// Computes the `outputs` that are asked for, in that order. `inputs` names every input
    /// once; the views are read during the call only.
    fn run(
        &mut self,
        inputs: &[(&str, TensorView<'_>)],
        outputs: &[&str],
    ) -> Result<Vec<Tensor>, RuntimeError>;
}
