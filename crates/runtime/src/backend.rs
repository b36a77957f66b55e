//! The interface of a backend: loading components of a bundle, and running them as streams.

use std::any::Any;
use std::path::Path;

use bundle::{Component, ComponentName, Manifest};
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
    /// Its name for messages.
    fn name(&self) -> &'static str;

    /// How much it rounds beyond single precision in that component: the largest difference from exact
    /// arithmetic, relative to a tensor's largest value.
    fn rounding(&self, _: &Component) -> f64 {
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

/// A stream, and the inputs of its next call: the component's inputs except the states and the position.
pub struct StreamCall<'a> {
    /// The stream.
    pub stream: &'a mut dyn Stream,
    /// The inputs, by name.
    pub inputs: &'a [(&'a str, TensorView<'a>)],
}

/// A running component. It adds the component's states and position to every call, and updates them
/// as the manifest says.
pub trait Stream: Any + Send + Sync {
    /// The component, as the manifest describes it.
    fn component(&self) -> &Component;

    /// Runs the component once. `inputs` are its inputs except the states and the position; its
    /// outputs except the states are returned. After an error the stream is unchanged.
    fn run(&mut self, inputs: &[(&str, TensorView<'_>)]) -> Result<Outputs, RuntimeError>;

    /// Whether a call of this stream and one of `other` take less time together ([`Stream::run_with`])
    /// than one after the other, because weights are read once for both.
    fn shares_weights(&self, _other: &dyn Stream) -> bool {
        false
    }

    /// [`Stream::run`], and a call of each of `others`, which share weights with this stream. The results
    /// are in this order, this stream's first, and the same to the bit as those of calls alone.
    fn run_with(
        &mut self,
        inputs: &[(&str, TensorView<'_>)],
        others: &mut [StreamCall<'_>],
    ) -> Vec<Result<Outputs, RuntimeError>> {
        let mut results = vec![self.run(inputs)];
        results.extend(others.iter_mut().map(|call| call.stream.run(call.inputs)));
        results
    }

    /// Lets the following calls compute with up to `threads` threads, where that pays: those with many
    /// rows, with results that are the same to the bit. Without effect in backends that have one thread,
    /// or threads of their own. In a fork it is one at first.
    fn use_threads(&mut self, _threads: usize) {}

    /// Turns the output [`bundle::ATTENTION`] on or off for the following calls. It costs nothing
    /// while it is off. In a fork it is off at first.
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

    /// A stream that continues from the same state, independently. Both share the loaded weights.
    fn fork(&self) -> Box<dyn Stream>;

    /// A copy of the state for input `name`.
    fn state(&self, name: &str) -> Result<Tensor, RuntimeError>;

    /// Replaces the state for input `name`; symbolic sizes may have any value.
    fn set_state(&mut self, name: &str, value: Tensor) -> Result<(), RuntimeError>;

    /// Positions counted so far, if the component counts them.
    fn position(&self) -> Option<i64>;

    /// Sets the position that the next call starts at.
    fn set_position(&mut self, position: i64) -> Result<(), RuntimeError>;
}
