//! What the modules of pocket-tts compute, in f64, in plain loops, and over a whole signal at once.
//!
//! Values are rows, as everywhere in the engine: `[time][channels]`. Parameters are in the
//! checkpoint's layout.

use config::PadMode;

use super::TestWeights;

/// A list of rows.
pub(crate) type RefRows = Vec<Vec<f64>>;

/// `values` as rows of `width` values.
pub(crate) fn rows(values: &[f32], width: usize) -> RefRows {
    let row = |row: &[f32]| row.iter().map(|&v| f64::from(v)).collect();
    values.chunks_exact(width).map(row).collect()
}

/// Applies `f` to every value.
pub(crate) fn map(x: &RefRows, f: impl Fn(f64) -> f64) -> RefRows {
    let row = |row: &Vec<f64>| row.iter().map(|&v| f(v)).collect();
    x.iter().map(row).collect()
}

/// Applies `f` to every pair of values.
pub(crate) fn zip(a: &RefRows, b: &RefRows, f: impl Fn(f64, f64) -> f64) -> RefRows {
    assert_eq!(a.len(), b.len());
    let row = |(a, b): (&Vec<f64>, &Vec<f64>)| a.iter().zip(b).map(|(a, b)| f(*a, *b)).collect();
    a.iter().zip(b).map(row).collect()
}

pub(crate) fn add(a: &RefRows, b: &RefRows) -> RefRows {
    zip(a, b, |a, b| a + b)
}

pub(crate) fn silu(x: f64) -> f64 {
    x / (1.0 + (-x).exp())
}

pub(crate) fn elu(x: f64) -> f64 {
    if x > 0.0 { x } else { x.exp_m1() }
}

pub(crate) fn gelu_tanh(x: f64) -> f64 {
    let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
    0.5 * x * (1.0 + inner.tanh())
}

/// The bias at `path`, or zeros.
fn bias(p: &TestWeights, path: &str, outputs: usize) -> Vec<f64> {
    let path = format!("{path}.bias");
    if !p.has(&path) {
        return vec![0.0; outputs];
    }
    p.get(&path).iter().map(|&v| f64::from(v)).collect()
}

/// The linear layer at `path`: weight [out, in].
pub(crate) fn linear(p: &TestWeights, path: &str, x: &RefRows) -> RefRows {
    let weight = p.get(&format!("{path}.weight"));
    let inputs = x[0].len();
    let bias = bias(p, path, weight.len() / inputs);
    let row = |row: &Vec<f64>| {
        let outputs = weight.chunks_exact(inputs).zip(&bias);
        let output = |(weight, bias): (&[f32], &f64)| {
            let products = row.iter().zip(weight).map(|(x, w)| x * f64::from(*w));
            products.sum::<f64>() + bias
        };
        outputs.map(output).collect()
    };
    x.iter().map(row).collect()
}

/// Each row, less its mean, over the root of `eps` plus its biased variance.
pub(crate) fn plain_layer_norm(x: &RefRows, eps: f64) -> RefRows {
    let row = |row: &Vec<f64>| {
        let count = row.len() as f64;
        let mean = row.iter().sum::<f64>() / count;
        let variance = row.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
        let root = (variance + eps).sqrt();
        row.iter().map(|v| (v - mean) / root).collect()
    };
    x.iter().map(row).collect()
}

/// The layer norm at `path`.
pub(crate) fn layer_norm(p: &TestWeights, path: &str, x: &RefRows, eps: f64) -> RefRows {
    let (gain, bias) = (
        p.get(&format!("{path}.weight")),
        p.get(&format!("{path}.bias")),
    );
    let row = |row: Vec<f64>| {
        let values = row.iter().zip(gain.iter().zip(bias));
        let value =
            |(v, (gain, bias)): (&f64, (&f32, &f32))| v * f64::from(*gain) + f64::from(*bias);
        values.map(value).collect()
    };
    plain_layer_norm(x, eps).into_iter().map(row).collect()
}

/// `RMSNorm` of pocket-tts: over the root of `eps` plus the unbiased variance, and the mean stays.
pub(crate) fn rms_norm(alpha: &[f32], x: &[f64], eps: f64) -> Vec<f64> {
    let count = x.len() as f64;
    let mean = x.iter().sum::<f64>() / count;
    let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let root = (variance + eps).sqrt();
    let values = x.iter().zip(alpha);
    values
        .map(|(v, alpha)| v * f64::from(*alpha) / root)
        .collect()
}

/// One head, its pairs of neighbours rotated. Angles are rounded to f32, as upstream's are.
pub(crate) fn rope(head: &[f64], position: usize, max_period: f64) -> Vec<f64> {
    let step = (-max_period.ln() * 2.0 / head.len() as f64) as f32;
    let mut out = Vec::new();
    for (i, pair) in head.chunks_exact(2).enumerate() {
        let freq = f64::from(i as f32 * step).exp() as f32;
        let (sin, cos) = f64::from(position as f32 * freq).sin_cos();
        out.push(pair[0] * cos - pair[1] * sin);
        out.push(pair[0] * sin + pair[1] * cos);
    }
    out
}

/// Sizes of a transformer.
#[derive(Clone, Copy)]
pub(crate) struct Transformer {
    pub(crate) layers: usize,
    pub(crate) num_heads: usize,
    pub(crate) num_kv_heads: usize,
    pub(crate) head_dim: usize,
    pub(crate) max_period: f64,
    /// Positions that a query sees, its own included; all where there is no limit.
    pub(crate) context: Option<usize>,
}

impl Transformer {
    /// Scores before the softmax: `[time][num_heads]`, each of the positions up to its own that
    /// `context` lets it see.
    pub(crate) fn scores(&self, projected: &RefRows) -> Vec<Vec<Vec<f64>>> {
        let (heads, dim) = (self.num_heads, self.head_dim);
        let rotated =
            |t: usize, head: usize| rope(&projected[t][head * dim..][..dim], t, self.max_period);
        let score = |t: usize, head: usize| {
            let kv_head = heads + head / (heads / self.num_kv_heads);
            let q = rotated(t, head);
            let product = |s| {
                let pairs = q.iter().zip(rotated(s, kv_head));
                pairs.map(|(q, k)| q * k).sum::<f64>() / (dim as f64).sqrt()
            };
            (self.start(t)..=t).map(product).collect()
        };
        (0..projected.len())
            .map(|t| (0..heads).map(|head| score(t, head)).collect())
            .collect()
    }

    /// The first position that the query at `t` sees.
    fn start(&self, t: usize) -> usize {
        self.context.map_or(0, |c| (t + 1).saturating_sub(c))
    }

    /// The attention at `path`, over all positions from the first on.
    pub(crate) fn attention(&self, p: &TestWeights, path: &str, x: &RefRows) -> RefRows {
        let (heads, kv_heads, dim) = (self.num_heads, self.num_kv_heads, self.head_dim);
        let projected = linear(p, &format!("{path}.in_proj"), x);
        let mut y = vec![vec![0.0; heads * dim]; x.len()];
        for (t, scores) in self.scores(&projected).iter().enumerate() {
            for (head, scores) in scores.iter().enumerate() {
                let total: f64 = scores.iter().map(|score| score.exp()).sum();
                let value_head = heads + kv_heads + head / (heads / kv_heads);
                for (s, score) in (self.start(t)..).zip(scores) {
                    for i in 0..dim {
                        let value = projected[s][value_head * dim + i];
                        y[t][head * dim + i] += score.exp() / total * value;
                    }
                }
            }
        }
        linear(p, &format!("{path}.out_proj"), &y)
    }

    /// The transformer at `path`, over all positions from the first on.
    pub(crate) fn forward(&self, p: &TestWeights, path: &str, x: &RefRows) -> RefRows {
        let mut x = x.clone();
        for layer in 0..self.layers {
            let path = format!("{path}.layers.{layer}");
            let scaled = |which: usize, update: RefRows| {
                let name = format!("{path}.layer_scale_{which}.scale");
                if !p.has(&name) {
                    return update;
                }
                let scale = rows(p.get(&name), update[0].len());
                let scale = vec![scale[0].clone(); update.len()];
                zip(&update, &scale, |update, scale| update * scale)
            };
            let h = layer_norm(p, &format!("{path}.norm1"), &x, 1e-5);
            let update = self.attention(p, &format!("{path}.self_attn"), &h);
            x = add(&x, &scaled(1, update));
            let h = layer_norm(p, &format!("{path}.norm2"), &x, 1e-5);
            let h = map(&linear(p, &format!("{path}.linear1"), &h), gelu_tanh);
            x = add(&x, &scaled(2, linear(p, &format!("{path}.linear2"), &h)));
        }
        x
    }
}

/// The convolution at `path` over a whole signal: weight [out, in, kernel].
pub(crate) fn conv(
    p: &TestWeights,
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
    p: &TestWeights,
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
