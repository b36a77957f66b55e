//! A running component: a loaded graph and the state of one stream.

mod check;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bundle::{Carry, Component, Dim, State, TensorInfo};

use tensor::{Tensor, TensorView};

use self::check::check_component;
use crate::inputs::{
    check_names, check_position, check_state, find, is_callers, next_position, state_index,
};
use crate::sizes::{SymbolSizes, shape};
use crate::{GraphBackend, LoadedGraph, Outputs, RuntimeError, Stream};

/// A stream of a component whose graph keeps no state.
///
/// A clone is a fork: both streams continue from the same state, independently, and share the
/// loaded graph, which runs one call at a time.
#[derive(Clone)]
pub struct GraphStream {
    shared: Arc<SharedGraph>,
    /// In the order of the manifest.
    states: Vec<Tensor>,
    /// 0 where the component does not count positions.
    position: i64,
}

/// What the forks of a stream share.
struct SharedGraph {
    component: Component,
    graph: Mutex<Box<dyn LoadedGraph>>,
}

impl GraphStream {
    /// Loads the graph of `component` from `dir`, and starts a stream.
    pub fn load(
        backend: &dyn GraphBackend,
        dir: &Path,
        component: &Component,
    ) -> Result<Self, RuntimeError> {
        let graph = backend.load_graph(&dir.join(&component.graph.name))?;
        Self::new(graph, component.clone())
    }

    /// Starts a stream on a loaded graph.
    pub fn new(graph: Box<dyn LoadedGraph>, component: Component) -> Result<Self, RuntimeError> {
        check_component(&component, graph.as_ref())?;
        let mut stream = Self {
            states: Vec::new(),
            position: 0,
            shared: Arc::new(SharedGraph {
                component,
                graph: Mutex::new(graph),
            }),
        };
        stream.reset()?;
        Ok(stream)
    }

    /// All inputs of the graph, in the manifest's order.
    fn supply<'a>(
        &'a self,
        given: &[(&str, TensorView<'a>)],
        position: TensorView<'a>,
    ) -> Result<Vec<(&'a str, TensorView<'a>)>, RuntimeError> {
        let component = self.component();
        check_names(component, given)?;
        let supply = |info: &'a TensorInfo| {
            let view = if let Some(i) = component.states.iter().position(|s| s.input == info.name) {
                self.states[i].view()
            } else if is_callers(component, &info.name) {
                find(component, given, &info.name)?
            } else {
                position
            };
            Ok((info.name.as_str(), view))
        };
        component.inputs.iter().map(supply).collect()
    }
}

impl Stream for GraphStream {
    fn component(&self) -> &Component {
        &self.shared.component
    }

    fn reset(&mut self) -> Result<(), RuntimeError> {
        let component = &self.shared.component;
        let states: Result<_, _> = component.states.iter().map(initial).collect();
        self.states = states?;
        self.position = component.position.as_ref().map_or(0, |p| p.initial);
        Ok(())
    }

    fn position(&self) -> Option<i64> {
        self.component().position.as_ref().map(|_| self.position)
    }

    fn set_position(&mut self, position: i64) -> Result<(), RuntimeError> {
        check_position(self.component(), position)?;
        self.position = position;
        Ok(())
    }

    fn fork(&self) -> Box<dyn Stream> {
        Box::new(self.clone())
    }

    fn state(&self, name: &str) -> Result<Tensor, RuntimeError> {
        Ok(self.states[state_index(self.component(), name)?].clone())
    }

    fn set_state(&mut self, name: &str, value: Tensor) -> Result<(), RuntimeError> {
        let index = check_state(self.component(), name, &value)?;
        self.states[index] = value;
        Ok(())
    }

    fn run(&mut self, inputs: &[(&str, TensorView<'_>)]) -> Result<Outputs, RuntimeError> {
        let SharedGraph { component, graph } = self.shared.as_ref();
        let position = [self.position];
        let all = self.supply(inputs, TensorView::i64(&[1], &position)?)?;
        let mut sizes = SymbolSizes::new(&component.graph.name);
        for (info, (_, view)) in component.inputs.iter().zip(&all) {
            sizes.bind(info, *view)?;
        }
        let next_position = next_position(component, self.position, &all)?;

        let names: Vec<_> = component.outputs.iter().map(|o| o.name.as_str()).collect();
        let values = {
            // A call that panicked left no state in the graph.
            let mut graph = graph.lock().unwrap_or_else(PoisonError::into_inner);
            graph.run(&all, &names)?
        };

        // Everything is checked before the first state changes.
        let mut next: Vec<Option<Tensor>> = vec![None; component.states.len()];
        let mut rest = Vec::new();
        for (info, value) in component.outputs.iter().zip(values) {
            sizes.bind(info, value.view())?;
            match component.states.iter().position(|s| s.output == info.name) {
                Some(index) => next[index] = Some(value),
                None => rest.push((info.name.clone(), value)),
            }
        }
        for (i, state) in component.states.iter().enumerate() {
            let Some(value) = &next[i] else {
                return Err(no_output(component, &state.output));
            };
            match state.carry {
                Carry::Append { axis } if self.states[i].takes(axis, value.view()) => {}
                Carry::Append { .. } => return Err(not_rows(component, state, value)),
                Carry::Replace => {
                    check_state(component, &state.input, value)?;
                }
            }
        }

        for ((state, old), new) in component.states.iter().zip(&mut self.states).zip(next) {
            match (state.carry, new) {
                (Carry::Append { axis }, Some(new)) => old.append(axis, new.view())?,
                (Carry::Replace, Some(new)) => *old = new,
                (_, None) => {}
            }
        }
        self.position = next_position;
        Ok(Outputs::new(component.graph.name.clone(), rest))
    }
}

/// A state before the first call: without rows, or all zeros. A symbolic size is 0 in both cases.
fn initial(state: &State) -> Result<Tensor, RuntimeError> {
    let size = |dim: &Dim| match dim {
        Dim::Fixed(size) => *size,
        Dim::Symbol(_) => 0,
    };
    let shape: Vec<_> = state.shape.iter().map(size).collect();
    Ok(Tensor::zeros(state.dtype, shape)?)
}

fn no_output(component: &Component, output: &str) -> RuntimeError {
    RuntimeError::NoOutput {
        graph: component.graph.name.clone(),
        output: output.to_owned(),
    }
}

/// The error for a `value` that cannot be appended to the rows of `state`.
fn not_rows(component: &Component, state: &State, value: &Tensor) -> RuntimeError {
    RuntimeError::Shape {
        graph: component.graph.name.clone(),
        tensor: state.output.clone(),
        expected: format!("rows of {}", shape(&state.shape)),
        actual: value.shape().to_vec(),
    }
}
