//! Checks that tensors, manifest and graph match.

use std::collections::BTreeSet;

use bundle::{Advance, Carry, Component, DType, Dim, PositionCounter, State, TensorInfo};

use crate::{LoadedGraph, RuntimeError};

/// Checks that the manifest's `component` is consistent and describes `graph`.
pub(super) fn check_component(
    component: &Component,
    graph: &dyn LoadedGraph,
) -> Result<(), RuntimeError> {
    let problem = problems(component, graph).map_or(Ok(()), Err);
    problem.map_err(|problem| RuntimeError::Manifest {
        graph: component.graph.name.clone(),
        problem,
    })
}

/// The first mismatch.
fn problems(component: &Component, graph: &dyn LoadedGraph) -> Option<String> {
    let inputs = names_differ("inputs", &component.inputs, graph.inputs());
    let outputs = names_differ("outputs", &component.outputs, graph.outputs());
    let mut states = component.states.iter().enumerate();
    inputs
        .or(outputs)
        .or_else(|| {
            states.find_map(|(i, state)| {
                let others = &component.states[..i];
                state_problem(component, state, others)
            })
        })
        .or_else(|| {
            let counter = component.position.as_ref()?;
            position_problem(component, counter)
        })
}

fn names_differ(what: &str, infos: &[TensorInfo], graph: &[String]) -> Option<String> {
    let ours: BTreeSet<_> = infos.iter().map(|i| i.name.as_str()).collect();
    let theirs: BTreeSet<_> = graph.iter().map(String::as_str).collect();
    let list = |names: &BTreeSet<&str>| names.iter().copied().collect::<Vec<_>>().join(", ");
    if ours.len() != infos.len() {
        return Some(format!("two of its {what} have the same name"));
    }
    (ours != theirs).then(|| {
        format!(
            "the manifest's {what} are {}, the graph's {}",
            list(&ours),
            list(&theirs)
        )
    })
}

fn state_problem(component: &Component, state: &State, others: &[State]) -> Option<String> {
    let name = &state.input;
    let Some(input) = component.inputs.iter().find(|i| i.name == *name) else {
        return Some(format!("state {name} is not an input"));
    };
    let Some(output) = component.outputs.iter().find(|o| o.name == state.output) else {
        return Some(format!("state {name} has no output {}", state.output));
    };
    if (others.iter()).any(|o| o.input == *name || o.output == state.output) {
        return Some(format!("state {name} is listed twice"));
    }
    if input.dtype != state.dtype || output.dtype != state.dtype {
        return Some(format!("state {name} changes its number type"));
    }
    if input.shape != state.shape || output.shape.len() != state.shape.len() {
        return Some(format!(
            "state {name} differs in shape from its input and output"
        ));
    }
    if let Carry::Append { axis } = state.carry
        && !matches!(state.shape.get(axis), Some(Dim::Symbol(_)))
    {
        return Some(format!("state {name} cannot grow along axis {axis}"));
    }
    None
}

fn position_problem(component: &Component, counter: &PositionCounter) -> Option<String> {
    let find = |name: &str| component.inputs.iter().find(|i| i.name == name);
    let name = &counter.input;
    let Some(input) = find(name) else {
        return Some(format!("position {name} is not an input"));
    };
    if input.dtype != DType::I64 || input.shape != [Dim::Fixed(1)] {
        return Some(format!("position {name} is not one 64-bit integer"));
    }
    if component.states.iter().any(|s| s.input == *name) {
        return Some(format!("position {name} is a state too"));
    }
    let measurable = |a: &Advance| find(&a.input).is_some_and(|input| a.axis < input.shape.len());
    (counter.advances_by.iter().find(|a| !measurable(a))).map(|a| {
        let Advance { input, axis, .. } = a;
        format!("position {name} advances by axis {axis} of {input}, which does not exist")
    })
}
