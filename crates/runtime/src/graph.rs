//! Backends that run ONNX graphs and leave the state to a [`GraphStream`].

use std::path::Path;

use bundle::{ComponentName, Manifest, WeightFormat};
use tensor::{Tensor, TensorView};

use crate::{Backend, GraphStream, RuntimeError, Stream};

/// Loads ONNX graphs.
pub trait GraphBackend: Send + Sync {
    /// Its name for messages.
    fn name(&self) -> &'static str;

    /// Whether it supports weights of that format.
    fn reads(&self, format: WeightFormat) -> bool;

    /// Loads the graph at `graph` with the weights next to it.
    fn load_graph(&self, graph: &Path) -> Result<Box<dyn LoadedGraph>, RuntimeError>;
}

/// A loaded graph. It keeps no state between calls.
pub trait LoadedGraph: Send {
    /// Names of the inputs, in the graph's order.
    fn inputs(&self) -> &[String];

    /// Names of the outputs, in the graph's order.
    fn outputs(&self) -> &[String];

    /// Computes the requested `outputs`, in that order. `inputs` has every input once; the views
    /// are read during the call only.
    fn run(
        &mut self,
        inputs: &[(&str, TensorView<'_>)],
        outputs: &[&str],
    ) -> Result<Vec<Tensor>, RuntimeError>;
}

impl<T: GraphBackend> Backend for T {
    fn name(&self) -> &'static str {
        GraphBackend::name(self)
    }

    fn load(
        &self,
        dir: &Path,
        manifest: &Manifest,
        name: ComponentName,
    ) -> Result<Box<dyn Stream>, RuntimeError> {
        let component = manifest.components.get(&name);
        let component = component.ok_or(RuntimeError::NoComponent { component: name })?;
        if let Some(format) = component.formats().find(|&format| !self.reads(format)) {
            return Err(RuntimeError::Format {
                backend: GraphBackend::name(self),
                component: name,
                format,
                reads: (WeightFormat::ALL.into_iter())
                    .filter(|&format| self.reads(format))
                    .collect(),
            });
        }
        Ok(Box::new(GraphStream::load(self, dir, component)?))
    }
}
