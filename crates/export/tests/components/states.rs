//! What is carried from call to call.

use bundle::{Carry, ComponentName, Initial, State};
use onnx::Opset;

use super::{build, models};

#[test]
fn states_name_what_upstream_keeps() {
    let mut wrong = Vec::new();
    for (model, config) in models() {
        for name in ComponentName::ALL {
            let component = build(name, &config, Opset::MAX);
            let streams = matches!(name, ComponentName::FlowLm | ComponentName::MimiDecoder);
            if component.position.is_some() != streams || component.states.is_empty() == streams {
                wrong.push(format!("{model}, {name}: position or states"));
            }
            for state in &component.states {
                if !fits(state, name) {
                    wrong.push(format!("{model}, {name}: {state:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Whether the names of a state say which module's it is.
fn fits(state: &State, component: ComponentName) -> bool {
    let State {
        input,
        output,
        module,
        key,
        ..
    } = state;
    if key != "cache" {
        return *input == format!("{key}.{module}")
            && *output == format!("next_{key}.{module}")
            && state.index.is_none()
            && (state.initial, state.carry) == (Initial::Zeros, Carry::Replace);
    }
    let (which, carry, prefix) = match component {
        ComponentName::FlowLm => ("new", Carry::Append { axis: 0 }, ""),
        _ => ("next", Carry::Replace, "decoder_transformer."),
    };
    let kind = match state.index {
        Some(0) => "key",
        Some(1) => "value",
        _ => return false,
    };
    let path = format!("{prefix}transformer.layers.");
    let layer = module
        .strip_prefix(&path)
        .and_then(|m| m.strip_suffix(".self_attn"));
    layer.is_some_and(|layer| {
        *input == format!("past_{kind}.{layer}") && *output == format!("{which}_{kind}.{layer}")
    }) && (state.initial, state.carry) == (Initial::Empty, carry)
}
