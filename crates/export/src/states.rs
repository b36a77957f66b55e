//! Twin of pocket-tts `modules/stateful_module.py`: hidden state, made inputs and outputs.

use std::cell::RefCell;

use bundle::{Carry, DType, Initial, State};
use onnx::{Dim, ElementType, Graph, Value};

/// The states of a graph that streams, in the order in which modules ask for them.
///
/// Their outputs are declared last, behind what the graph is there for.
pub(crate) struct States<'g> {
    graph: &'g Graph,
    declared: RefCell<Vec<State>>,
    outputs: RefCell<Vec<Next>>,
}

/// An output that carries a state on.
struct Next {
    name: String,
    value: Value,
    shape: Vec<bundle::Dim>,
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
        for Next { name, value, shape } in self.outputs.into_inner() {
            let dims: Vec<Dim<'_>> = shape.iter().map(dim).collect();
            self.graph.output(&name, &value, ElementType::F32, &dims);
        }
        self.declared.into_inner()
    }

    /// Declares the input of a state.
    pub(crate) fn declare(&self, state: State) -> Value {
        let dims: Vec<Dim<'_>> = state.shape.iter().map(dim).collect();
        let value = self.graph.input(&state.input, ElementType::F32, &dims);
        self.declared.borrow_mut().push(state);
        value
    }

    /// Says what carries a declared state on.
    pub(crate) fn carry(&self, output: String, next: &Value, shape: Vec<bundle::Dim>) {
        self.outputs.borrow_mut().push(Next {
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
            shape: [1, channels, time].map(bundle::Dim::Fixed).to_vec(),
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
        self.carry(
            output,
            next,
            [1, channels, time].map(bundle::Dim::Fixed).to_vec(),
        );
    }
}

/// A manifest's size as the graph's.
fn dim(dim: &bundle::Dim) -> Dim<'_> {
    match dim {
        bundle::Dim::Fixed(size) => Dim::Fixed(*size),
        bundle::Dim::Symbol(symbol) => Dim::Symbol(symbol),
    }
}

/// A module's path as upstream's states name it: without the half of the model it belongs to.
pub(crate) fn module_path(path: &str) -> &str {
    path.strip_prefix("flow_lm.")
        .or_else(|| path.strip_prefix("mimi."))
        .unwrap_or(path)
}
