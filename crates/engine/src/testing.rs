//! What the tests of the modules share: made-up parameters, and a plain reference.

pub(crate) mod reference;
mod weights;

use std::collections::HashMap;

use bundle::{Carry, DType, Initial, State};
use tensor::Tensor;

use crate::EngineError;
use crate::context::Context;
use crate::module::{Inputs, Module, ModuleCall};

pub(crate) use weights::TestWeights;

/// `count` numbers from -1 to 1, always the same for a `seed`.
pub(crate) fn noise(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let number = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(number).collect()
}

/// Largest difference in parts of the largest number: single precision and the roundings of sums.
const SINGLE: f64 = 2e-5;

/// Compares what a module computes in single precision with the reference.
#[track_caller]
pub(crate) fn assert_close(actual: &[f32], expected: &[f64], what: &str) {
    assert_within(SINGLE, actual, expected, what);
}

/// [`assert_close`] with another bound.
#[track_caller]
pub(crate) fn assert_within(bound: f64, actual: &[f32], expected: &[f64], what: &str) {
    assert_eq!(actual.len(), expected.len(), "{what}: how many");
    let largest = expected.iter().fold(1e-3_f64, |a, b| a.max(b.abs()));
    for (i, (a, b)) in actual.iter().zip(expected).enumerate() {
        let error = (f64::from(*a) - b).abs();
        assert!(error <= bound * largest, "{what}: [{i}] is {a}, not {b}");
    }
}

/// Runs `module` on pieces of `x`, rows of `width` values: as many rows as `pieces` says, one
/// after the other. Returns all that comes out.
pub(crate) fn in_pieces(
    x: &[f32],
    width: usize,
    pieces: &[usize],
    mut module: impl FnMut(&[f32], bool) -> Vec<f32>,
) -> Vec<f32> {
    let (mut out, mut start) = (Vec::new(), 0);
    for rows in pieces {
        let end = start + rows * width;
        out.extend(module(&x[start..end], start == 0));
        start = end;
    }
    assert_eq!(start, x.len(), "rows of all pieces");
    out
}

/// A state as a manifest lists it, as far as modules look at it.
pub(crate) fn state(module: &str, key: &str, index: Option<usize>) -> State {
    State {
        input: String::new(),
        output: String::new(),
        module: module.to_owned(),
        key: key.to_owned(),
        index,
        dtype: DType::F32,
        shape: Vec::new(),
        initial: Initial::Zeros,
        carry: Carry::Replace,
    }
}

/// Runs a module once: its outputs, by name.
pub(crate) fn run<M: Module>(
    module: &M,
    ctx: &mut Context,
    state: &mut M::State,
    position: i64,
    inputs: &[(&str, Tensor)],
) -> Result<HashMap<&'static str, Vec<f32>>, EngineError> {
    let views: Vec<_> = inputs.iter().map(|(name, x)| (*name, x.view())).collect();
    let call = ModuleCall {
        state,
        position,
        inputs: Inputs(&views),
        watches: false,
    };
    let outputs = module.run(ctx, call)?;
    let values = |tensor: &Tensor| tensor.as_f32().unwrap().to_vec();
    Ok(outputs.iter().map(|(name, x)| (*name, values(x))).collect())
}
