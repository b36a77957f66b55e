//! What the five components have in common.

use tensor::{Tensor, TensorView};

use crate::EngineError;
use crate::context::Context;
use crate::input::ModuleInput;

/// A component: weights that streams share. What a stream keeps is its `State`.
pub(crate) trait Module: Send + Sync + 'static {
    /// What a stream keeps from call to call.
    type State: Clone + Send + Sync;

    /// Whether the outputs depend on the position.
    const COUNTS_POSITIONS: bool = false;

    /// Whether it can give the output [`bundle::ATTENTION`].
    fn can_be_watched(&self) -> bool {
        false
    }

    /// The inputs, without states and position.
    fn inputs(&self) -> Vec<ModuleInput>;

    /// The state before the first call.
    fn start(&self) -> Self::State;

    /// Runs the component once. Names, number types and shapes of the inputs were compared
    /// with the manifest. An error leaves the state unchanged.
    fn run(
        &self,
        ctx: &mut Context,
        call: ModuleCall<'_, Self::State>,
    ) -> Result<NamedTensors, EngineError>;

    /// Runs calls of several streams, in this order, each with the results that it would have alone.
    /// For weights with which the products of one row and of several are the same to the bit.
    fn run_together(
        &self,
        ctx: &mut Context,
        calls: Vec<ModuleCall<'_, Self::State>>,
    ) -> Vec<Result<NamedTensors, EngineError>> {
        calls.into_iter().map(|call| self.run(ctx, call)).collect()
    }

    /// How many values this state has: of a cache, those of one
    /// row. Fails if this module has no such state.
    fn state_size(&self, state_info: &bundle::State) -> Result<usize, EngineError> {
        Err(EngineError::unknown_state(state_info))
    }

    /// The values of this state, in the shape that the manifest gives. Fails if this module has
    /// no such state.
    fn state(
        &self,
        _ctx: &mut Context,
        _state: &Self::State,
        state_info: &bundle::State,
    ) -> Result<Vec<f32>, EngineError> {
        Err(EngineError::unknown_state(state_info))
    }

    /// Takes the values of a state. Fails if this module has no such state, or none of that size.
    fn set_state(
        &self,
        _ctx: &mut Context,
        _state: &mut Self::State,
        state_info: &bundle::State,
        _value: &[f32],
    ) -> Result<(), EngineError> {
        Err(EngineError::unknown_state(state_info))
    }
}

/// A call of one stream.
pub(crate) struct ModuleCall<'a, S> {
    /// The stream's, which the call changes.
    pub(crate) state: &'a mut S,
    /// Where the call starts, of a module that counts positions.
    pub(crate) position: i64,
    pub(crate) inputs: Inputs<'a>,
    /// Whether the output [`bundle::ATTENTION`] is asked for.
    pub(crate) watches: bool,
}

/// The result of the one call that was run.
pub(crate) fn only(
    mut results: Vec<Result<NamedTensors, EngineError>>,
) -> Result<NamedTensors, EngineError> {
    let result = results.pop();
    result.unwrap_or(Err(EngineError::Empty { inputs: "a call" }))
}

/// Outputs by name.
pub(crate) type NamedTensors = Vec<(&'static str, Tensor)>;

/// The inputs of a call by name.
#[derive(Clone, Copy)]
pub(crate) struct Inputs<'a>(pub(crate) &'a [(&'a str, TensorView<'a>)]);

impl Inputs<'_> {
    /// Values of an f32 input.
    pub(crate) fn f32(&self, name: &str) -> &[f32] {
        self.view(name)
            .and_then(|view| view.as_f32())
            .unwrap_or_default()
    }

    /// Values of an i64 input.
    pub(crate) fn i64(&self, name: &str) -> &[i64] {
        self.view(name)
            .and_then(|view| view.as_i64())
            .unwrap_or_default()
    }

    fn view(&self, name: &str) -> Option<TensorView<'_>> {
        let found = self.0.iter().find(|(n, _)| *n == name);
        found.map(|(_, view)| *view)
    }
}

/// A tensor of `values`, which are as many as its shape says.
pub(crate) fn tensor(shape: &[usize], values: Vec<f32>) -> Result<Tensor, EngineError> {
    Tensor::f32(shape, values).map_err(|_| EngineError::Empty {
        inputs: "an output",
    })
}
