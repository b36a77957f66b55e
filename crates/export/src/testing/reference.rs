//! The reference of `testkit`, and convolutions: `[channels][time]`, as in a graph.

use super::TestParameters;

pub(crate) use testkit::reference::*;

/// All rows, one behind the other.
pub(crate) fn flat(rows: &RefRows) -> Vec<f64> {
    rows.concat()
}

/// Columns become rows.
pub(crate) fn transposed(x: &RefRows) -> RefRows {
    let width = x.first().map_or(0, Vec::len);
    (0..width)
        .map(|i| x.iter().map(|row| row[i]).collect())
        .collect()
}

/// What a convolution sees before its input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pad {
    Zeros,
    First,
}

/// The convolution `path` over a whole signal [in][time]: weight [out, in, kernel].
pub(crate) fn conv(
    p: &TestParameters,
    path: &str,
    x: &RefRows,
    stride: usize,
    dilation: usize,
    pad: Pad,
) -> RefRows {
    let (shape, weight) = p.tensor(&format!("{path}.weight")).unwrap();
    let [outs, ins, kernel] = *shape else {
        panic!("{path}")
    };
    let bias = p.tensor(&format!("{path}.bias"));
    let before = (kernel - 1) * dilation + 1 - stride;
    let value = |i: usize, at: usize| match (at.checked_sub(before), pad) {
        (Some(at), _) => x[i][at],
        (None, Pad::Zeros) => 0.0,
        (None, Pad::First) => x[i][0],
    };
    let output = |o: usize, t: usize| {
        let mut sum = bias.map_or(0.0, |(_, b)| f64::from(b[o]));
        for i in 0..ins {
            for tap in 0..kernel {
                let w = f64::from(weight[(o * ins + i) * kernel + tap]);
                sum += w * value(i, t * stride + tap * dilation);
            }
        }
        sum
    };
    let time = x[0].len() / stride;
    (0..outs)
        .map(|o| (0..time).map(|t| output(o, t)).collect())
        .collect()
}

/// The transposed convolution `path` on [in][time], all of what it touches:
/// weight [in, out / groups, kernel], [out][(time - 1) * stride + kernel].
pub(crate) fn conv_transpose(
    p: &TestParameters,
    path: &str,
    x: &RefRows,
    stride: usize,
    groups: usize,
) -> RefRows {
    let (shape, weight) = p.tensor(&format!("{path}.weight")).unwrap();
    let [ins, outs, kernel] = *shape else {
        panic!("{path}")
    };
    let bias = p.tensor(&format!("{path}.bias"));
    let start = |o: usize| bias.map_or(0.0, |(_, b)| f64::from(b[o]));
    let time = (x[0].len() - 1) * stride + kernel;
    let mut y: RefRows = (0..outs * groups).map(|o| vec![start(o); time]).collect();
    for i in 0..ins {
        let group = i / (ins / groups);
        for o in 0..outs {
            for (t, value) in x[i].iter().enumerate() {
                for tap in 0..kernel {
                    let w = f64::from(weight[(i * outs + o) * kernel + tap]);
                    y[group * outs + o][t * stride + tap] += w * value;
                }
            }
        }
    }
    y
}
