//! Manifests that contradict themselves or the graph.

use bundle::{Carry, Component, DType};
use runtime::{GraphStream, RuntimeError, rten};
use tensor::TensorError;

use crate::support::{append, chain, error, info, models};

#[test]
fn what_does_not_fit_is_said() {
    type Change = fn(&mut Component);
    let cases: [(Change, &str); 15] = [
        (
            |c| c.inputs.truncate(2),
            "the manifest's inputs are past_key, x, the graph's",
        ),
        (
            |c| c.outputs[0].name = "total".into(),
            "outputs are end, new_key, total, the graph's",
        ),
        (
            |c| c.inputs.push(c.inputs[0].clone()),
            "two of its inputs have the same name",
        ),
        (
            |c| c.states[0].input = "past".into(),
            "state past is not an input",
        ),
        (
            |c| c.states[0].output = "new".into(),
            "state past_key has no output new",
        ),
        (
            |c| c.states.push(c.states[0].clone()),
            "state past_key is listed twice",
        ),
        (
            |c| c.states[0].dtype = DType::I64,
            "state past_key changes its number type",
        ),
        (
            |c| c.states[0].shape[1] = 7.into(),
            "differs in shape from its input",
        ),
        (
            |c| c.outputs[2].shape.truncate(3),
            "differs in shape from its input",
        ),
        (
            |c| c.states[0].carry = Carry::Append { axis: 2 },
            "cannot grow along axis 2",
        ),
        (
            |c| c.states[0].carry = Carry::Append { axis: 9 },
            "cannot grow along axis 9",
        ),
        (
            |c| counter(c).input = "offset".into(),
            "position offset is not an input",
        ),
        (
            |c| counter(c).input = "x".into(),
            "position x is not one 64-bit integer",
        ),
        (
            |c| counter(c).advances_by[0].axis = 4,
            "advances by axis 4 of x, which does not exist",
        ),
        (
            |c| counter(c).advances_by[0].input = "z".into(),
            "axis 1 of z, which does not exist",
        ),
    ];
    let mut wrong = Vec::new();
    for (change, expected) in cases {
        let mut component = append();
        change(&mut component);
        let refused = GraphStream::load(&rten::Rten::default(), &models(), &component);
        let text = refused.map_or_else(|e| chain(&e), |_| "loaded".to_owned());
        if !text.contains(expected) || !text.contains("append.onnx") {
            wrong.push((text, expected));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn counter(component: &mut Component) -> &mut bundle::PositionCounter {
    component.position.as_mut().unwrap()
}

#[test]
fn a_state_larger_than_memory_is_an_error() {
    let mut component = append();
    let huge = [1.into(), "past".into(), usize::MAX.into(), 3.into()];
    component.inputs[1] = info("past_key", DType::F32, huge.clone());
    component.states[0].shape = huge.into();
    component.states[0].shape[1] = 1.into();
    component.inputs[1].shape[1] = 1.into();
    component.states[0].carry = Carry::Replace;
    let refused = GraphStream::load(&rten::Rten::default(), &models(), &component);
    let refused = error(refused);
    assert!(
        matches!(refused, RuntimeError::Tensor(TensorError::Memory { .. })),
        "{refused}"
    );
}
