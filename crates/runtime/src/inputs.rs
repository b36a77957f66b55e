//! Checks a call's inputs.

use bundle::Component;
use tensor::{Tensor, TensorView};

use crate::RuntimeError;
use crate::sizes::SymbolSizes;

/// Compares the inputs of a call with the manifest: each one that the caller has to give is there
/// once, with its number type and shape.
pub fn check_inputs(
    component: &Component,
    given: &[(&str, TensorView<'_>)],
) -> Result<(), RuntimeError> {
    check_names(component, given)?;
    let mut sizes = SymbolSizes::new(&component.graph.name);
    for info in &component.inputs {
        if is_callers(component, &info.name) {
            sizes.bind(info, find(component, given, &info.name)?)?;
        }
    }
    Ok(())
}

/// Compares the value of a state with the manifest, and returns its index among the component's
/// states. Symbolic sizes may have any value.
pub fn check_state(
    component: &Component,
    input: &str,
    value: &Tensor,
) -> Result<usize, RuntimeError> {
    let index = state_index(component, input)?;
    let info = component.inputs.iter().find(|i| i.name == input);
    if let Some(info) = info {
        SymbolSizes::new(&component.graph.name).bind(info, value.view())?;
    }
    Ok(index)
}

/// Index of the state for `input` among the component's states.
pub fn state_index(component: &Component, input: &str) -> Result<usize, RuntimeError> {
    let index = component.states.iter().position(|s| s.input == input);
    index.ok_or_else(|| RuntimeError::NoState {
        graph: component.graph.name.clone(),
        state: input.to_owned(),
    })
}

/// Refuses a position that a stream of the component cannot have.
pub fn check_position(component: &Component, position: i64) -> Result<(), RuntimeError> {
    let problem = match component.position {
        None => "it does not count positions",
        Some(_) if position < 0 => "a position is 0 or more",
        Some(_) => return Ok(()),
    };
    Err(RuntimeError::Position {
        graph: component.graph.name.clone(),
        problem,
    })
}

/// The position after a call with these inputs that began at `position`.
pub fn next_position(
    component: &Component,
    position: i64,
    inputs: &[(&str, TensorView<'_>)],
) -> Result<i64, RuntimeError> {
    let counter = component.position.as_ref();
    let mut next = Some(position);
    for advance in counter.map_or(&[][..], |c| &c.advances_by) {
        let measured = inputs.iter().find(|(name, _)| *name == advance.input);
        let size = measured.and_then(|(_, view)| view.shape().get(advance.axis));
        let step = size.and_then(|size| i64::try_from(size.checked_mul(advance.times)?).ok());
        next = next.zip(step).and_then(|(p, step)| p.checked_add(step));
    }
    next.ok_or_else(|| RuntimeError::Position {
        graph: component.graph.name.clone(),
        problem: "the position overflows 64 bits",
    })
}

/// Whether the caller has to give the input `name`.
pub(crate) fn is_callers(component: &Component, name: &str) -> bool {
    component.states.iter().all(|s| s.input != name)
        && component.position.as_ref().is_none_or(|p| p.input != name)
}

/// Refuses inputs that the caller must not give, or that are given twice.
pub(crate) fn check_names(
    component: &Component,
    given: &[(&str, TensorView<'_>)],
) -> Result<(), RuntimeError> {
    let graph = &component.graph.name;
    let takes = || {
        let inputs = component.inputs.iter().map(|info| &info.name);
        inputs.filter(|name| is_callers(component, name))
    };
    for (i, (name, _)) in given.iter().enumerate() {
        if !takes().any(|taken| taken == name) {
            return Err(RuntimeError::UnknownInput {
                graph: graph.clone(),
                input: (*name).to_owned(),
                takes: takes().cloned().collect(),
            });
        }
        if given[..i].iter().any(|(other, _)| other == name) {
            return Err(RuntimeError::InputTwice {
                graph: graph.clone(),
                input: (*name).to_owned(),
            });
        }
    }
    Ok(())
}

/// The input `name` of a call.
pub(crate) fn find<'a>(
    component: &Component,
    given: &[(&str, TensorView<'a>)],
    name: &str,
) -> Result<TensorView<'a>, RuntimeError> {
    let found = given.iter().find(|(n, _)| *n == name);
    let missing = || RuntimeError::MissingInput {
        graph: component.graph.name.clone(),
        input: name.to_owned(),
    };
    Ok(found.ok_or_else(missing)?.1)
}
