//! The reference of `testkit`, and convolutions: `[time][channels]`, as everywhere in the engine.

use config::PadMode;

pub(crate) use testkit::reference::*;

/// The convolution at `path` over a whole signal: weight [out, in, kernel].
pub(crate) fn conv(
    p: &impl RefWeights,
    path: &str,
    x: &RefRows,
    kernel: usize,
    [stride, dilation]: [usize; 2],
    pad: PadMode,
) -> RefRows {
    let weight = p.get(&format!("{path}.weight"));
    let inputs = x[0].len();
    let outputs = weight.len() / inputs / kernel;
    let bias = bias(p, path, outputs);
    let before = (kernel - 1) * dilation + 1 - stride;
    let value = |at: usize, input: usize| match (at.checked_sub(before), pad) {
        (Some(at), _) => x[at][input],
        (None, PadMode::Constant) => 0.0,
        (None, PadMode::Replicate) => x[0][input],
    };
    let output = |t: usize, output: usize| {
        let mut sum = bias[output];
        for input in 0..inputs {
            for tap in 0..kernel {
                let w = weight[(output * inputs + input) * kernel + tap];
                sum += f64::from(w) * value(t * stride + tap * dilation, input);
            }
        }
        sum
    };
    (0..x.len() / stride)
        .map(|t| (0..outputs).map(|o| output(t, o)).collect())
        .collect()
}

/// The transposed convolution at `path`: weight [in, out, 2 * stride]. What reaches beyond the last
/// input's outputs is the state, without the bias: [stride][out].
pub(crate) fn conv_transpose(
    p: &impl RefWeights,
    path: &str,
    x: &RefRows,
    stride: usize,
) -> (RefRows, RefRows) {
    let weight = p.get(&format!("{path}.weight"));
    let inputs = x[0].len();
    let outputs = weight.len() / inputs / (2 * stride);
    let mut y = vec![vec![0.0; outputs]; (x.len() + 1) * stride];
    for (t, x) in x.iter().enumerate() {
        for (input, x) in x.iter().enumerate() {
            for output in 0..outputs {
                for tap in 0..2 * stride {
                    let w = weight[(input * outputs + output) * 2 * stride + tap];
                    y[t * stride + tap][output] += f64::from(w) * x;
                }
            }
        }
    }
    let rest = y.split_off(x.len() * stride);
    let bias = vec![bias(p, path, outputs); y.len()];
    (add(&y, &bias), rest)
}

/// Columns become rows, as upstream keeps states: [channels][time].
pub(crate) fn transposed(x: &RefRows) -> Vec<f64> {
    let width = x.first().map_or(0, Vec::len);
    (0..width)
        .flat_map(|i| x.iter().map(move |row| row[i]))
        .collect()
}
