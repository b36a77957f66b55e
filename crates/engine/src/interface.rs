//! Whether the manifest describes the inputs and states that a module has.
//!
//! A manifest is outside input, and the inputs of every call are compared with it. The manifest is
//! compared with the module when that is loaded, so that modules can rely on the shapes of their
//! inputs.

use bundle::{Component, DType, Dim, TensorInfo};

use crate::EngineError;
use crate::input::{InputDim, ModuleInput};
use crate::module::Module;

/// Compares a component of a manifest with the module that was made for it.
pub(crate) fn check<M: Module>(component: &Component, module: &M) -> Result<(), EngineError> {
    check_inputs(component, &module.inputs())?;
    for state in &component.states {
        let fixed = state
            .shape
            .iter()
            .try_fold(1_usize, |product, dim| match dim {
                Dim::Fixed(size) => product.checked_mul(*size),
                Dim::Symbol(_) => Some(product),
            });
        let known = state.dtype == DType::F32
            && fixed.is_some()
            && fixed == module.state_size(state).ok()
            && info(component, &state.input)
                .is_some_and(|info| info.dtype == state.dtype && info.shape == state.shape);
        if !known {
            return Err(EngineError::State {
                name: state.input.clone(),
            });
        }
    }
    if component.position.is_some() != M::COUNTS_POSITIONS {
        return Err(EngineError::Position);
    }
    let initial = component.position.as_ref().map_or(0, |p| p.initial);
    if initial < 0 {
        return Err(EngineError::Position);
    }
    Ok(())
}

fn check_inputs(component: &Component, inputs: &[ModuleInput]) -> Result<(), EngineError> {
    // What the free sizes of the module are in the manifest.
    let mut free: Vec<(&str, &Dim)> = Vec::new();
    for input in inputs {
        let wrong = |actual: String| EngineError::Input {
            name: input.name.to_owned(),
            actual,
        };
        let Some(info) = info(component, input.name) else {
            return Err(wrong("is not there".to_owned()));
        };
        let shape: Vec<String> = info.shape.iter().map(ToString::to_string).collect();
        let is = || wrong(format!("is {:?} [{}]", info.dtype, shape.join(", ")));
        if info.dtype != input.dtype || info.shape.len() != input.shape.len() {
            return Err(is());
        }
        for (dim, size) in info.shape.iter().zip(&input.shape) {
            let fits = match size {
                InputDim::Fixed(size) => *dim == Dim::Fixed(*size),
                InputDim::Free(name) => {
                    let known = free.iter().find(|(other, _)| other == name);
                    let fits = known.is_none_or(|(_, known)| *known == dim);
                    free.push((name, dim));
                    fits
                }
            };
            if !fits {
                return Err(is());
            }
        }
    }
    let is_known = |info: &&TensorInfo| {
        inputs.iter().any(|input| input.name == info.name)
            || component
                .states
                .iter()
                .any(|state| state.input == info.name)
            || (component.position.as_ref()).is_some_and(|counter| counter.input == info.name)
    };
    match component.inputs.iter().find(|info| !is_known(info)) {
        Some(unknown) => Err(EngineError::Input {
            name: unknown.name.clone(),
            actual: "is not one of this model's".to_owned(),
        }),
        None => Ok(()),
    }
}

fn info<'a>(component: &'a Component, name: &str) -> Option<&'a TensorInfo> {
    component.inputs.iter().find(|info| info.name == name)
}

#[cfg(test)]
mod tests;
