use onnx::{Convolution, Scope, Value};
use tensor::Tensor;

use super::{Case, f, one};

/// An operator with parameters.
fn with(
    name: &'static str,
    parameters: impl IntoIterator<Item = (&'static str, Tensor)>,
    input: Tensor,
    output: Tensor,
    build: fn(&Scope<'_>, &[Value]) -> Vec<Value>,
) -> Case {
    Case {
        parameters: parameters.into_iter().collect(),
        ..one(name, [input], output, build)
    }
}

/// Operators that are whole modules of a model.
pub(crate) fn modules() -> Vec<Case> {
    [linear(), norms(), convolutions()]
        .into_iter()
        .flatten()
        .collect()
}

fn linear() -> Vec<Case> {
    let weight = || ("weight", f([3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    let bias = || ("bias", f([3], &[0.5, 0.0, -0.5]));
    let x = || f([2, 2], &[1.0, 10.0, 0.0, 1.0]);
    let y = f([2, 3], &[21.0, 43.0, 65.0, 2.0, 4.0, 6.0]);
    let with_bias = f([2, 3], &[21.5, 43.0, 64.5, 2.5, 4.0, 5.5]);
    vec![
        with("linear", [weight()], x(), y, |m, x| vec![m.linear(&x[0])]),
        with(
            "linear with bias",
            [weight(), bias()],
            x(),
            with_bias,
            |m, x| vec![m.linear(&x[0])],
        ),
        with(
            "linear of no rows",
            [weight(), bias()],
            f([0, 2], &[]),
            f([0, 3], &[]),
            |m, x| vec![m.linear(&x[0])],
        ),
    ]
}

fn norms() -> Vec<Case> {
    let gain = || ("weight", f([2], &[1.0, 2.0]));
    let shift = || ("bias", f([2], &[0.0, 1.0]));
    let nothing = || f([0, 2], &[]);
    // The variance is 1; with epsilon, 4.
    let y = f([1, 2], &[-0.5, 2.0]);
    let plain = f([2, 2], &[-0.5, 0.5, 0.0, 0.0]);
    vec![
        with(
            "layer norm",
            [gain(), shift()],
            f([1, 2], &[4.0, 6.0]),
            y,
            |m, x| vec![m.layer_norm(&x[0], 3.0)],
        ),
        with(
            "layer norm of no rows",
            [gain(), shift()],
            nothing(),
            nothing(),
            |m, x| vec![m.layer_norm(&x[0], 1e-5)],
        ),
        with(
            "plain layer norm",
            [],
            f([2, 2], &[4.0, 6.0, 3.0, 3.0]),
            plain,
            |m, x| vec![m.plain_layer_norm(&x[0], 2, 3.0)],
        ),
    ]
}

fn convolutions() -> Vec<Case> {
    const PLAIN: Convolution = Convolution {
        stride: 1,
        dilation: 1,
        left_padding: 0,
    };
    let signal = || f([1, 1, 5], &[1.0, 2.0, 3.0, 4.0, 5.0]);
    let kernel = || ("weight", f([1, 1, 3], &[1.0, 10.0, 100.0]));
    let bias = || ("bias", f([1], &[0.5]));
    let y = || f([1, 1, 3], &[321.0, 432.0, 543.0]);
    let with_bias = f([1, 1, 3], &[321.5, 432.5, 543.5]);
    let padded = f([1, 1, 5], &[100.0, 210.0, 321.0, 432.0, 543.0]);
    assert_eq!(Convolution::default(), PLAIN);
    vec![
        with("convolution", [kernel()], signal(), y(), |m, x| {
            vec![m.conv(&x[0], PLAIN)]
        }),
        with(
            "convolution with bias",
            [kernel(), bias()],
            signal(),
            with_bias,
            |m, x| vec![m.conv(&x[0], PLAIN)],
        ),
        with(
            "convolution with zeros before",
            [kernel()],
            signal(),
            padded,
            |m, x| {
                let geometry = Convolution {
                    left_padding: 2,
                    ..PLAIN
                };
                vec![m.conv(&x[0], geometry)]
            },
        ),
        with(
            "convolution in strides",
            [kernel()],
            signal(),
            f([1, 1, 2], &[321.0, 543.0]),
            |m, x| vec![m.conv(&x[0], Convolution { stride: 2, ..PLAIN })],
        ),
        with(
            "dilated convolution",
            [kernel()],
            signal(),
            f([1, 1, 1], &[531.0]),
            |m, x| {
                let geometry = Convolution {
                    dilation: 2,
                    ..PLAIN
                };
                vec![m.conv(&x[0], geometry)]
            },
        ),
    ]
}
