//! Counterpart of `modules/stateful_module.py` in pocket-tts: hidden state, made inputs and outputs.

use std::cell::RefCell;

use bundle::{Carry, Initial, State};
use onnx::{Graph, Value};
use tensor::{DType, Dim};

/// The states of a graph that streams, in the order in which modules ask for them.
///
/// Their outputs are declared last, after the graph's own outputs.
pub(crate) struct States<'g> {
    graph: &'g Graph,
    declared: RefCell<Vec<State>>,
    outputs: RefCell<Vec<NextState>>,
}

/// An output that carries a state on.
struct NextState {
    name: String,
    value: Value,
    shape: Vec<Dim>,
}

impl<'g> States<'g> {
    pub(crate) fn new(graph: &'g Graph) -> Self {
        Self {
            graph,
            declared: RefCell::default(),
            outputs: RefCell::default(),
        }
    }

    /// Declares the outputs, and returns what the manifest says of the states.
    pub(crate) fn finish(self) -> Vec<State> {
        for NextState { name, value, shape } in self.outputs.into_inner() {
            self.graph.output(&name, &value, DType::F32, &shape);
        }
        self.declared.into_inner()
    }

    /// Declares the input of a state.
    pub(crate) fn declare(&self, state: State) -> Value {
        let value = self.graph.input(&state.input, state.dtype, &state.shape);
        self.declared.borrow_mut().push(state);
        value
    }

    /// Says what carries a declared state on.
    pub(crate) fn carry(&self, output: String, next: &Value, shape: Vec<Dim>) {
        self.outputs.borrow_mut().push(NextState {
            name: output,
            value: next.clone(),
            shape,
        });
    }

    /// A buffer `<key>.<module path>` [1, channels, time] that starts as zeros and that
    /// the output `next_<key>.<module path>` replaces.
    pub(crate) fn buffer(&self, path: &str, key: &str, channels: usize, time: usize) -> Value {
        let module = module_path(path);
        self.declare(State {
            input: format!("{key}.{module}"),
            output: format!("next_{key}.{module}"),
            module: module.to_owned(),
            key: key.to_owned(),
            index: None,
            dtype: DType::F32,
            shape: [1, channels, time].map(Dim::Fixed).to_vec(),
            initial: Initial::Zeros,
            carry: Carry::Replace,
        })
    }

    /// Says what replaces the buffer of that name.
    pub(crate) fn carry_buffer(
        &self,
        path: &str,
        key: &str,
        next: &Value,
        channels: usize,
        time: usize,
    ) {
        let output = format!("next_{key}.{}", module_path(path));
        self.carry(output, next, [1, channels, time].map(Dim::Fixed).to_vec());
    }
}

/// A module's path as upstream's states name it: without the half of the model it belongs to.
pub(crate) fn module_path(path: &str) -> &str {
    path.strip_prefix("flow_lm.")
        .or_else(|| path.strip_prefix("mimi."))
        .unwrap_or(path)
}
