//! A stream through a component.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bundle::{ATTENTION, Component, Dim};
use runtime::{
    Outputs, RuntimeError, Stream, check_inputs, check_position, check_state, next_position,
    state_index,
};
use tensor::{Tensor, TensorView};

use crate::context::Context;
use crate::error::{EngineError, NAME};
use crate::interface;
use crate::module::{Inputs, Module};

/// A module and the state of one stream through it. Forks share the module.
pub(crate) struct EngineStream<M: Module> {
    shared: Arc<SharedModule<M>>,
    state: M::State,
    position: i64,
    /// In a lock, because reading a state computes, too.
    context: Mutex<Context>,
}

struct SharedModule<M> {
    component: Component,
    module: M,
}

impl<M: Module> EngineStream<M> {
    /// Fails where the manifest's `component` describes other inputs or states than `module` has.
    pub(crate) fn new(
        component: Component,
        module: M,
        context: Context,
    ) -> Result<Self, EngineError> {
        interface::check(&component, &module)?;
        let context = context.watching(is_declared(&component) && module.can_be_watched());
        let state = module.start();
        let position = component.position.as_ref().map_or(0, |p| p.initial);
        Ok(Self {
            shared: Arc::new(SharedModule { component, module }),
            state,
            position,
            context: Mutex::new(context),
        })
    }

    fn error(&self, error: EngineError) -> RuntimeError {
        RuntimeError::Run {
            backend: NAME,
            graph: PathBuf::from(&self.shared.component.graph.name),
            source: error.into(),
        }
    }
}

/// Whether the manifest lists attention as an output, so that every call gives it.
fn is_declared(component: &Component) -> bool {
    let mut outputs = component.outputs.iter();
    outputs.any(|output| output.name == ATTENTION)
}

impl<M: Module> Stream for EngineStream<M> {
    fn component(&self) -> &Component {
        &self.shared.component
    }

    fn run(&mut self, inputs: &[(&str, TensorView<'_>)]) -> Result<Outputs, RuntimeError> {
        let SharedModule { component, module } = self.shared.as_ref();
        check_inputs(component, inputs)?;
        let next = next_position(component, self.position, inputs)?;
        let context = self
            .context
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        context.choose();
        let outputs = module.run(context, &mut self.state, self.position, &Inputs(inputs));
        let outputs = outputs.map_err(|error| self.error(error))?;
        self.position = next;
        let outputs = outputs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        Ok(Outputs::new(
            component.graph.name.clone(),
            outputs.collect(),
        ))
    }

    fn reset(&mut self) -> Result<(), RuntimeError> {
        let SharedModule { component, module } = self.shared.as_ref();
        self.state = module.start();
        self.position = component.position.as_ref().map_or(0, |p| p.initial);
        Ok(())
    }

    fn fork(&self) -> Box<dyn Stream> {
        let SharedModule { component, module } = self.shared.as_ref();
        let watches = is_declared(component) && module.can_be_watched();
        let context = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        Box::new(Self {
            shared: self.shared.clone(),
            state: self.state.clone(),
            position: self.position,
            context: Mutex::new(context.fork().watching(watches)),
        })
    }

    fn state(&self, name: &str) -> Result<Tensor, RuntimeError> {
        let SharedModule { component, module } = self.shared.as_ref();
        let state_info = &component.states[state_index(component, name)?];
        let mut context = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        let values = module.state(&mut context, &self.state, state_info);
        let values = values.map_err(|error| self.error(error))?;
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
        let SharedModule { component, module } = self.shared.as_ref();
        let state_info = &component.states[check_state(component, name, &value)?];
        let values = value.as_f32().unwrap_or_default();
        let context = self
            .context
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let set = module.set_state(context, &mut self.state, state_info, values);
        set.map_err(|error| self.error(error))
    }

    fn watch(&mut self, on: bool) -> Result<(), RuntimeError> {
        if on && !self.shared.module.can_be_watched() {
            return Err(RuntimeError::NoAttention {
                graph: self.shared.component.graph.name.clone(),
            });
        }
        let context = self.context.get_mut();
        context.unwrap_or_else(PoisonError::into_inner).watches = on;
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
}
