//! States and position: what is carried from call to call has to fit where it goes.

use std::collections::BTreeSet;

use bundle::{Carry, Component, DType, Dim, Initial, PositionCounter, State, TensorInfo};

/// Checks the states and the position of a component against its inputs and outputs.
pub(super) fn check(component: &Component) -> Vec<String> {
    let mut findings = Vec::new();
    for (what, infos) in [
        ("inputs", &component.inputs),
        ("outputs", &component.outputs),
    ] {
        let mut seen = BTreeSet::new();
        let twice = infos.iter().filter(|info| !seen.insert(&info.name));
        findings.extend(twice.map(|info| format!("two {what} are called {}", info.name)));
    }
    let mut taken = BTreeSet::new();
    for state in &component.states {
        for name in [("input", &state.input), ("output", &state.output)] {
            if !taken.insert(name) {
                findings.push(format!("two states have the {} {}", name.0, name.1));
            }
        }
        findings.extend(state_problem(component, state));
    }
    let position = component.position.as_ref();
    findings.extend(position.and_then(|position| position_problem(component, position)));
    findings
}

fn find<'a>(infos: &'a [TensorInfo], name: &str) -> Option<&'a TensorInfo> {
    infos.iter().find(|info| info.name == name)
}

fn state_problem(component: &Component, state: &State) -> Option<String> {
    let name = &state.input;
    let Some(input) = find(&component.inputs, name) else {
        return Some(format!("state {name} is not an input"));
    };
    let Some(output) = find(&component.outputs, &state.output) else {
        return Some(format!("state {name} has no output {}", state.output));
    };
    if [input.dtype, output.dtype] != [state.dtype; 2] {
        return Some(format!("state {name} changes its number type"));
    }
    if input.shape != state.shape {
        return Some(format!("state {name} has not the shape of its input"));
    }
    let free = |dim: &Dim| matches!(dim, Dim::Symbol(_));
    if let Carry::Append { axis } = state.carry
        && !state.shape.get(axis).is_some_and(free)
    {
        return Some(format!("state {name} cannot grow along axis {axis}"));
    }
    // A symbol of the output may have another name: the size may change from call to call.
    let fits = |(a, b): (&Dim, &Dim)| a == b || free(a) && free(b);
    let sizes = state.shape.iter().zip(&output.shape);
    if output.shape.len() != state.shape.len() || !sizes.clone().all(fits) {
        return Some(format!(
            "state {name} has not the shape of its output {}",
            state.output
        ));
    }
    if (state.initial == Initial::Empty) != state.shape.iter().any(free) {
        return Some(format!("state {name} does not start as its shape says"));
    }
    None
}

fn position_problem(component: &Component, position: &PositionCounter) -> Option<String> {
    let name = &position.input;
    let Some(input) = find(&component.inputs, name) else {
        return Some(format!("position {name} is not an input"));
    };
    if input.dtype != DType::I64 || input.shape != [Dim::Fixed(1)] {
        return Some(format!("position {name} is not one 64-bit integer"));
    }
    if component.states.iter().any(|state| state.input == *name) {
        return Some(format!("position {name} is a state too"));
    }
    let lost = (position.advances_by.iter()).find(|advance| {
        find(&component.inputs, &advance.input)
            .is_none_or(|input| advance.axis >= input.shape.len())
    })?;
    let (axis, input) = (lost.axis, &lost.input);
    Some(format!(
        "position {name} advances by axis {axis} of {input}, which does not exist"
    ))
}
