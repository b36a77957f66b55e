//! What a backend has to offer: loading the components of a bundle, streaming through them.

use std::path::Path;

use bundle::{Component, ComponentName, Format, Manifest};
use tensor::{Tensor, TensorView};

use crate::{Outputs, RuntimeError};

/// Something that runs the components of a bundle.
///
/// ```no_run
/// # #[cfg(feature = "rten")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use bundle::{ComponentName, Manifest};
/// use runtime::{Backend, rten::Rten};
/// use tensor::TensorView;
///
/// let dir = std::path::Path::new("bundle");
/// let manifest = Manifest::read(dir)?;
/// let mut decoder = Rten::default().load(dir, &manifest, ComponentName::MimiDecoder)?;
/// let latents = [0.0; 32];
/// let mut outputs = decoder.run(&[("latents", TensorView::f32(&[1, 1, 32], &latents)?)])?;
/// let audio = outputs.take("audio")?;
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "rten"))]
/// # fn main() {}
/// ```
pub trait Backend: Send + Sync {
    /// What to call it in a message.
    fn name(&self) -> &'static str;

    /// What it rounds beyond single precision where weights are of that format: the largest
    /// difference from exact arithmetic, as a part of a tensor's largest value.
    fn rounding(&self, _: Format) -> f64 {
        0.0
    }

    /// Loads the component `name` of the bundle in `dir` and starts a stream.
    fn load(
        &self,
        dir: &Path,
        manifest: &Manifest,
        name: ComponentName,
    ) -> Result<Box<dyn Stream>, RuntimeError>;
}

/// One stream through a component. It supplies the component's states and position to every
/// call and carries them on, as the manifest says.
pub trait Stream: Send + Sync {
    /// The component, as the manifest describes it.
    fn component(&self) -> &Component;

    /// Runs the component once. `inputs` are its inputs but the states and the position; its
    /// outputs but the states come back. After an error the stream is where it was before.
    fn run(&mut self, inputs: &[(&str, TensorView<'_>)]) -> Result<Outputs, RuntimeError>;

    /// Asks for the output [`bundle::ATTENTION`] of the calls that follow, or for it no longer. It
    /// costs nothing where it is not asked for. A fork has to be asked again.
    fn watch(&mut self, on: bool) -> Result<(), RuntimeError> {
        let component = self.component();
        let mut outputs = component.outputs.iter();
        if !on || outputs.any(|info| info.name == bundle::ATTENTION) {
            return Ok(());
        }
        Err(RuntimeError::NoAttention {
            graph: component.graph.name.clone(),
        })
    }

    /// Goes back to the state before the first call.
    fn reset(&mut self) -> Result<(), RuntimeError>;

    /// A stream that goes on from the same state, independently. Both share the loaded weights.
    fn fork(&self) -> Box<dyn Stream>;

    /// A copy of the state that goes into input `name`.
    fn state(&self, name: &str) -> Result<Tensor, RuntimeError>;

    /// Replaces the state that goes into input `name`; symbolic sizes are free.
    fn set_state(&mut self, name: &str, value: Tensor) -> Result<(), RuntimeError>;

    /// Positions counted so far, if the component counts them.
    fn position(&self) -> Option<i64>;

    /// Sets the position that the next call starts at.
    fn set_position(&mut self, position: i64) -> Result<(), RuntimeError>;
}
