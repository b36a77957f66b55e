//! A stream through a component.

use std::any::Any;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bundle::{ATTENTION, Component, Dim, ParameterKind, WeightFormat};
use runtime::{
    Outputs, RuntimeError, Stream, StreamCall, check_inputs, check_position, check_state,
    next_position, state_index,
};
use tensor::{Tensor, TensorView};

use crate::context::Context;
use crate::error::{EngineError, NAME};
#[cfg(not(target_arch = "wasm32"))]
use crate::helpers;
use crate::interface;
use crate::module::{Inputs, Module, ModuleCall, NamedTensors};

/// A module and the state of one stream through it. Forks share the module.
pub(crate) struct EngineStream<M: Module> {
    shared: Arc<SharedModule<M>>,
    own: StreamState<M::State>,
    /// In a lock, because reading a state computes, too.
    context: Mutex<Context>,
}

struct SharedModule<M> {
    component: Component,
    module: M,
    /// Whether products of one row and of several have the same results to the bit.
    rows_are_independent: bool,
}

/// What a stream keeps from call to call.
#[derive(Clone)]
struct StreamState<S> {
    state: S,
    position: i64,
    /// Whether the attention of some heads is asked for.
    watches: bool,
}

/// A call whose inputs were checked.
struct CheckedCall<'a, S> {
    call: ModuleCall<'a, S>,
    /// The stream's, to be set after the call.
    position: &'a mut i64,
    next: i64,
}

impl<M: Module> EngineStream<M> {
    /// Fails where the manifest's `component` describes other inputs or states than `module` has.
    pub(crate) fn new(
        component: Component,
        module: M,
        context: Context,
    ) -> Result<Self, EngineError> {
        interface::check(&component, &module)?;
        let shared = SharedModule {
            rows_are_independent: rows_are_independent(&component),
            component,
            module,
        };
        Ok(Self {
            own: StreamState {
                state: shared.module.start(),
                position: shared.initial_position(),
                watches: shared.is_always_watched(),
            },
            shared: Arc::new(shared),
            context: Mutex::new(context),
        })
    }
}

/// Whether a row's product is the same to the bit among others: sums of integers are.
fn rows_are_independent(component: &Component) -> bool {
    let matrices = component.parameters.iter();
    let mut matrices = matrices.filter(|parameter| parameter.kind == ParameterKind::Matrix);
    matrices.all(|parameter| match parameter.format {
        WeightFormat::F32 | WeightFormat::Bf16 => false,
        WeightFormat::Q16 | WeightFormat::Q8 | WeightFormat::Q6 | WeightFormat::Q4 => true,
    })
}

impl<M: Module> SharedModule<M> {
    fn initial_position(&self) -> i64 {
        self.component.position.as_ref().map_or(0, |p| p.initial)
    }

    /// Whether the manifest lists attention as an output, so that every call gives it.
    fn is_always_watched(&self) -> bool {
        let mut outputs = self.component.outputs.iter();
        outputs.any(|output| output.name == ATTENTION) && self.module.can_be_watched()
    }

    /// The next call of a stream.
    fn check<'a>(
        &self,
        own: &'a mut StreamState<M::State>,
        inputs: &'a [(&'a str, TensorView<'a>)],
    ) -> Result<CheckedCall<'a, M::State>, RuntimeError> {
        check_inputs(&self.component, inputs)?;
        Ok(CheckedCall {
            next: next_position(&self.component, own.position, inputs)?,
            call: ModuleCall {
                state: &mut own.state,
                position: own.position,
                inputs: Inputs(inputs),
                watches: own.watches,
            },
            position: &mut own.position,
        })
    }

    fn outputs(&self, result: Result<NamedTensors, EngineError>) -> Result<Outputs, RuntimeError> {
        let outputs = result.map_err(|error| self.error(error))?.into_iter();
        let outputs = outputs.map(|(name, value)| (name.to_owned(), value));
        let graph = self.component.graph.name.clone();
        Ok(Outputs::new(graph, outputs.collect()))
    }

    fn error(&self, error: EngineError) -> RuntimeError {
        RuntimeError::Run {
            backend: NAME,
            graph: PathBuf::from(&self.component.graph.name),
            source: error.into(),
        }
    }
}

impl<M: Module> Stream for EngineStream<M> {
    fn component(&self) -> &Component {
        &self.shared.component
    }

    fn run(&mut self, inputs: &[(&str, TensorView<'_>)]) -> Result<Outputs, RuntimeError> {
        let Self {
            shared,
            own,
            context,
        } = self;
        let CheckedCall {
            call,
            position,
            next,
        } = shared.check(own, inputs)?;
        let context = context.get_mut().unwrap_or_else(PoisonError::into_inner);
        context.choose();
        let outputs = shared.outputs(shared.module.run(context, call))?;
        *position = next;
        Ok(outputs)
    }

    fn shares_weights(&self, other: &dyn Stream) -> bool {
        let other = (other as &dyn Any).downcast_ref::<Self>();
        let is_same = other.is_some_and(|other| Arc::ptr_eq(&self.shared, &other.shared));
        is_same && self.shared.rows_are_independent
    }

    fn run_with(
        &mut self,
        inputs: &[(&str, TensorView<'_>)],
        others: &mut [StreamCall<'_>],
    ) -> Vec<Result<Outputs, RuntimeError>> {
        let Self {
            shared,
            own,
            context,
        } = self;
        let context = context.get_mut().unwrap_or_else(PoisonError::into_inner);
        context.choose();
        let mut checked = vec![shared.check(own, inputs)];
        checked.extend(others.iter_mut().map(|StreamCall { stream, inputs }| {
            let other = (&mut **stream as &mut dyn Any).downcast_mut::<Self>();
            let other = other.filter(|other| Arc::ptr_eq(shared, &other.shared));
            let other = other.ok_or_else(|| RuntimeError::OtherWeights {
                graph: shared.component.graph.name.clone(),
            })?;
            shared.check(&mut other.own, inputs)
        }));
        let (mut calls, mut ends) = (Vec::new(), Vec::new());
        for checked in checked {
            ends.push(checked.map(
                |CheckedCall {
                     call,
                     position,
                     next,
                 }| {
                    calls.push(call);
                    (position, next)
                },
            ));
        }
        let mut results = if shared.rows_are_independent {
            shared.module.run_together(context, calls)
        } else {
            let module = &shared.module;
            (calls.into_iter().map(|call| module.run(context, call))).collect()
        };
        let mut results = results.drain(..);
        let ends = ends.into_iter().map(|end| {
            let (position, next) = end?;
            let result = results.next();
            let result = result.unwrap_or(Err(EngineError::Empty { inputs: "a call" }));
            let outputs = shared.outputs(result)?;
            *position = next;
            Ok(outputs)
        });
        ends.collect()
    }

    fn reset(&mut self) -> Result<(), RuntimeError> {
        self.own.state = self.shared.module.start();
        self.own.position = self.shared.initial_position();
        Ok(())
    }

    fn fork(&self) -> Box<dyn Stream> {
        let context = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        Box::new(Self {
            shared: self.shared.clone(),
            own: StreamState {
                watches: self.shared.is_always_watched(),
                ..self.own.clone()
            },
            context: Mutex::new(context.fork()),
        })
    }

    fn state(&self, name: &str) -> Result<Tensor, RuntimeError> {
        let SharedModule {
            component, module, ..
        } = self.shared.as_ref();
        let state_info = &component.states[state_index(component, name)?];
        let mut context = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        let values = module.state(&mut context, &self.own.state, state_info);
        let values = values.map_err(|error| self.shared.error(error))?;
        // The one symbolic size follows from the others.
        let fixed = state_info.shape.iter().map(|dim| match dim {
            Dim::Fixed(size) => *size,
            Dim::Symbol(_) => 1,
        });
        let row: usize = fixed.product();
        let shape = state_info.shape.iter().map(|dim| match dim {
            Dim::Fixed(size) => *size,
            Dim::Symbol(_) => values.len() / row.max(1),
        });
        Ok(Tensor::f32(shape.collect::<Vec<_>>(), values)?)
    }

    fn set_state(&mut self, name: &str, value: Tensor) -> Result<(), RuntimeError> {
        let Self {
            shared,
            own,
            context,
        } = self;
        let component = &shared.component;
        let state_info = &component.states[check_state(component, name, &value)?];
        let values = value.as_f32().unwrap_or_default();
        let context = context.get_mut().unwrap_or_else(PoisonError::into_inner);
        let set = (shared.module).set_state(context, &mut own.state, state_info, values);
        set.map_err(|error| shared.error(error))
    }

    fn use_threads(&mut self, threads: usize) {
        #[cfg(not(target_arch = "wasm32"))]
        if threads > 1 {
            helpers::pool();
        }
        let context = self.context.get_mut();
        context.unwrap_or_else(PoisonError::into_inner).threads = threads;
    }

    fn watch(&mut self, on: bool) -> Result<(), RuntimeError> {
        if on && !self.shared.module.can_be_watched() {
            return Err(RuntimeError::NoAttention {
                graph: self.shared.component.graph.name.clone(),
            });
        }
        self.own.watches = on;
        Ok(())
    }

    fn position(&self) -> Option<i64> {
        self.component()
            .position
            .as_ref()
            .map(|_| self.own.position)
    }

    fn set_position(&mut self, position: i64) -> Result<(), RuntimeError> {
        check_position(self.component(), position)?;
        self.own.position = position;
        Ok(())
    }
}
