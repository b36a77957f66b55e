//! Operators, inputs and outputs.

mod modules;
mod shapes;

use std::f32::consts::{FRAC_PI_2, PI};

use onnx::{Scope, Value};
use tensor::Tensor;

use super::{Case, f, i};

pub(crate) use modules::modules;
pub(crate) use shapes::shapes;

/// An operator without parameters and with one output.
fn one(
    name: &'static str,
    inputs: impl IntoIterator<Item = Tensor>,
    output: Tensor,
    build: fn(&Scope<'_>, &[Value]) -> Vec<Value>,
) -> Case {
    Case {
        name,
        build,
        inputs: inputs.into_iter().collect(),
        parameters: Vec::new(),
        outputs: vec![output],
    }
}

/// Whether each value of `condition` is true, as 1 or 0.
fn as_number(m: &Scope<'_>, condition: &Value) -> Vec<Value> {
    vec![m.choose(condition, &m.scalar(1.0), &m.scalar(0.0))]
}

/// Arithmetic, functions, comparisons.
pub(crate) fn elementwise() -> Vec<Case> {
    [arithmetic(), functions(), comparisons(), branches()]
        .into_iter()
        .flatten()
        .collect()
}

fn arithmetic() -> Vec<Case> {
    let column = || f([2, 1], &[1.0, 2.0]);
    let row = || f([3], &[10.0, 20.0, 40.0]);
    let nothing = || f([0, 3], &[]);
    vec![
        one(
            "add",
            [column(), row()],
            f([2, 3], &[11.0, 21.0, 41.0, 12.0, 22.0, 42.0]),
            |m, x| vec![m.add(&x[0], &x[1])],
        ),
        one("add to nothing", [nothing(), row()], nothing(), |m, x| {
            vec![m.add(&x[0], &x[1])]
        }),
        one(
            "sub",
            [column(), row()],
            f([2, 3], &[-9.0, -19.0, -39.0, -8.0, -18.0, -38.0]),
            |m, x| vec![m.sub(&x[0], &x[1])],
        ),
        one(
            "mul",
            [column(), row()],
            f([2, 3], &[10.0, 20.0, 40.0, 20.0, 40.0, 80.0]),
            |m, x| vec![m.mul(&x[0], &x[1])],
        ),
        one(
            "div",
            [column(), row()],
            f([2, 3], &[0.1, 0.05, 0.025, 0.2, 0.1, 0.05]),
            |m, x| vec![m.div(&x[0], &x[1])],
        ),
        one(
            "div of integers",
            [i([4], &[7, 8, 0, 1]), i([1], &[2])],
            i([4], &[3, 4, 0, 0]),
            |m, x| vec![m.div(&x[0], &x[1])],
        ),
    ]
}

fn functions() -> Vec<Case> {
    let nothing = || f([0, 3], &[]);
    let inf = f32::INFINITY;
    vec![
        one(
            "sqrt",
            [f([3], &[0.0, 2.25, 16.0])],
            f([3], &[0.0, 1.5, 4.0]),
            |m, x| vec![m.sqrt(&x[0])],
        ),
        one(
            "cos",
            [f([3], &[0.0, PI, -PI])],
            f([3], &[1.0, -1.0, -1.0]),
            |m, x| vec![m.cos(&x[0])],
        ),
        one(
            "sin",
            [f([3], &[0.0, FRAC_PI_2, -FRAC_PI_2])],
            f([3], &[0.0, 1.0, -1.0]),
            |m, x| vec![m.sin(&x[0])],
        ),
        // 1 / e - 1, and the same for a value near 0.
        one(
            "elu",
            [f([4], &[2.0, 0.0, -1.0, -1e-3])],
            f([4], &[2.0, 0.0, -0.632_120_56, -9.995_002e-4]),
            |m, x| vec![m.elu(&x[0])],
        ),
        // 1 / (1 + 1 / e) and its mirror image.
        one(
            "silu",
            [f([3], &[0.0, 1.0, -1.0])],
            f([3], &[0.0, 0.731_058_6, -0.268_941_43]),
            |m, x| vec![m.silu(&x[0])],
        ),
        // 0.5 * (1 + tanh(0.797_884_6 * 1.044_715)), where erf would give 0.841_344_7.
        one(
            "gelu",
            [f([4], &[0.0, 1.0, -1.0, 10.0])],
            f([4], &[0.0, 0.841_192, -0.158_808, 10.0]),
            |m, x| vec![m.gelu_tanh(&x[0])],
        ),
        one(
            "softmax",
            [f([2, 3], &[0.0, 3_f32.ln(), -inf, 1e4, 1e4, -1e4])],
            f([2, 3], &[0.25, 0.75, 0.0, 0.5, 0.5, 0.0]),
            |m, x| vec![m.softmax(&x[0])],
        ),
        one("softmax of nothing", [nothing()], nothing(), |m, x| {
            vec![m.softmax(&x[0])]
        }),
    ]
}

/// `if_else`, both ways, with a value from outside that is an output, too.
fn branches() -> Vec<Case> {
    let case = |name, condition, output| Case {
        outputs: vec![f([2], &[2.0, 4.0]), output],
        ..one(
            name,
            [f([2], &[1.0, 2.0]), i([1], &[condition])],
            f([0], &[]),
            |m, x| {
                let doubled = m.add(&x[0], &x[0]);
                let branch = m.if_else(
                    &m.less(&m.ints(&[0]), &x[1]),
                    || m.sub(&doubled, &m.scalar(0.5)),
                    || m.concat(&[&doubled, &m.mul(&doubled, &doubled)], 0),
                );
                vec![doubled, branch]
            },
        )
    };
    vec![
        case("then", 1, f([2], &[1.5, 3.5])),
        case("else", 0, f([4], &[2.0, 4.0, 4.0, 16.0])),
    ]
}

fn comparisons() -> Vec<Case> {
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    vec![
        one(
            "equal",
            [i([3], &[1, 2, 3]), i([1], &[2])],
            f([3], &[0.0, 1.0, 0.0]),
            |m, x| as_number(m, &m.equal(&x[0], &x[1])),
        ),
        one(
            "less",
            [i([3], &[1, 2, 3]), i([1], &[2])],
            f([3], &[1.0, 0.0, 0.0]),
            |m, x| as_number(m, &m.less(&x[0], &x[1])),
        ),
        one(
            "greater or equal",
            [i([3], &[1, 2, 3]), i([1], &[2])],
            f([3], &[0.0, 1.0, 1.0]),
            |m, x| as_number(m, &m.greater_or_equal(&x[0], &x[1])),
        ),
        one(
            "and",
            [i([3], &[1, 2, 3]), i([1], &[2])],
            f([3], &[0.0, 1.0, 0.0]),
            |m, x| {
                let at_least = m.greater_or_equal(&x[0], &x[1]);
                let at_most = m.greater_or_equal(&x[1], &x[0]);
                as_number(m, &m.and(&at_least, &at_most))
            },
        ),
        one(
            "is nan",
            [f([4], &[nan, 0.0, inf, -inf])],
            f([4], &[1.0, 0.0, 0.0, 0.0]),
            |m, x| as_number(m, &m.is_nan(&x[0])),
        ),
        one(
            "choose",
            [f([2, 2], &[nan, 1.0, 2.0, nan]), f([2], &[8.0, 9.0])],
            f([2, 2], &[8.0, 1.0, 2.0, 9.0]),
            |m, x| vec![m.choose(&m.is_nan(&x[0]), &x[1], &x[0])],
        ),
        one(
            "to f32",
            [i([3], &[-1, 0, 100_000])],
            f([3], &[-1.0, 0.0, 1e5]),
            |m, x| vec![m.to_f32(&x[0])],
        ),
    ]
}

/// Reductions and products.
pub(crate) fn sums() -> Vec<Case> {
    let x = || f([2, 3], &[1.0, 2.0, 6.0, -1.0, 0.0, 4.0]);
    let (nothing, empty) = (|| f([0, 3], &[]), || f([0, 1], &[]));
    vec![
        one("mean", [x()], f([2, 1], &[3.0, 1.0]), |m, x| {
            vec![m.mean(&x[0], 1)]
        }),
        one(
            "mean of columns",
            [x()],
            f([1, 3], &[0.0, 1.0, 5.0]),
            |m, x| vec![m.mean(&x[0], 0)],
        ),
        one("mean of no rows", [nothing()], empty(), |m, x| {
            vec![m.mean(&x[0], 1)]
        }),
        one("sum", [x()], f([2, 1], &[9.0, 3.0]), |m, x| {
            vec![m.sum(&x[0], 1)]
        }),
        one(
            "sum of columns",
            [x()],
            f([1, 3], &[0.0, 2.0, 10.0]),
            |m, x| vec![m.sum(&x[0], 0)],
        ),
        one("sum of no rows", [nothing()], empty(), |m, x| {
            vec![m.sum(&x[0], 1)]
        }),
        one(
            "matmul",
            [x(), f([3, 2], &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0])],
            f([2, 2], &[7.0, 8.0, 3.0, 4.0]),
            |m, x| vec![m.matmul(&x[0], &x[1])],
        ),
        one(
            "matmul of batches",
            [
                f([2, 1, 2], &[1.0, 2.0, 3.0, 4.0]),
                f([2, 2, 1], &[1.0, 1.0, 1.0, -1.0]),
            ],
            f([2, 1, 1], &[3.0, -1.0]),
            |m, x| vec![m.matmul(&x[0], &x[1])],
        ),
        one(
            "matmul of no rows",
            [nothing(), f([3, 1], &[1.0; 3])],
            empty(),
            |m, x| vec![m.matmul(&x[0], &x[1])],
        ),
        one(
            "matmul over nothing",
            [f([2, 0], &[]), f([0, 3], &[])],
            f([2, 3], &[0.0; 6]),
            |m, x| vec![m.matmul(&x[0], &x[1])],
        ),
    ]
}
