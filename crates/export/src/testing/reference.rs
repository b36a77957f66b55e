//! What pocket-tts computes, in f64 and by plain loops.
//!
//! A matrix is a list of rows: positions of a transformer, channels of a convolution.

use super::TestParameters;

pub(crate) type Rows = Vec<Vec<f64>>;

/// `values` cut into rows.
pub(crate) fn rows(values: &[f32], width: usize) -> Rows {
    let row = |row: &[f32]| row.iter().map(|&v| f64::from(v)).collect();
    values.chunks_exact(width).map(row).collect()
}

/// All rows, one behind the other.
pub(crate) fn flat(rows: &Rows) -> Vec<f64> {
    rows.concat()
}

/// Columns become rows.
pub(crate) fn transposed(x: &Rows) -> Rows {
    let width = x.first().map_or(0, Vec::len);
    (0..width)
        .map(|i| x.iter().map(|row| row[i]).collect())
        .collect()
}

/// Applies `f` to every value.
pub(crate) fn each(x: &Rows, f: impl Fn(f64) -> f64) -> Rows {
    x.iter()
        .map(|row| row.iter().map(|&v| f(v)).collect())
        .collect()
}

/// The sum of two matrices.
pub(crate) fn add(a: &Rows, b: &Rows) -> Rows {
    let sum = |(a, b): (&Vec<f64>, &Vec<f64>)| a.iter().zip(b).map(|(a, b)| a + b).collect();
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(sum).collect()
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

/// The linear layer `path`: weight [out, in], bias [out] if there is one.
pub(crate) fn linear(p: &TestParameters, path: &str, x: &Rows) -> Rows {
    let (shape, weight) = p.find(&format!("{path}.weight")).unwrap();
    let bias = p.find(&format!("{path}.bias"));
    let output = |row: &Vec<f64>| {
        let dot = |(o, w): (usize, &[f32])| {
            let products = row.iter().zip(w).map(|(x, w)| x * f64::from(*w));
            products.sum::<f64>() + bias.map_or(0.0, |(_, b)| f64::from(b[o]))
        };
        weight.chunks_exact(shape[1]).enumerate().map(dot).collect()
    };
    x.iter().map(output).collect()
}

/// Rows without their mean, by the root of `eps` and their (biased) variance.
pub(crate) fn plain_layer_norm(x: &Rows, eps: f64) -> Rows {
    let norm = |row: &Vec<f64>| {
        let count = row.len() as f64;
        let mean = row.iter().sum::<f64>() / count;
        let var = row.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
        row.iter()
            .map(|v| (v - mean) / (var + eps).sqrt())
            .collect()
    };
    x.iter().map(norm).collect()
}

/// The layer norm `path`, with its gain and bias.
pub(crate) fn layer_norm(p: &TestParameters, path: &str, x: &Rows, eps: f64) -> Rows {
    let weight = p.get(&format!("{path}.weight"));
    let bias = p.get(&format!("{path}.bias"));
    let scale = |row: Vec<f64>| {
        let values = row.iter().zip(weight).zip(bias);
        values
            .map(|((v, w), b)| v * f64::from(*w) + f64::from(*b))
            .collect()
    };
    plain_layer_norm(x, eps).into_iter().map(scale).collect()
}

/// One head, its pairs of neighbours rotated. Angles are rounded to f32, as upstream's are.
pub(crate) fn rope(head: &[f64], position: usize, max_period: f64) -> Vec<f64> {
    let step = (-max_period.ln() * 2.0 / head.len() as f64) as f32;
    let mut out = Vec::new();
    for (i, pair) in head.chunks_exact(2).enumerate() {
        let freq = f64::from(i as f32 * step).exp() as f32;
        let (sin, cos) = f64::from(freq * position as f32).sin_cos();
        out.push(pair[0] * cos - pair[1] * sin);
        out.push(pair[0] * sin + pair[1] * cos);
    }
    out
}

/// Geometry of a transformer.
#[derive(Clone, Copy)]
pub(crate) struct Transformer {
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    pub(crate) kv_heads: usize,
    pub(crate) width: usize,
    pub(crate) max_period: f64,
    /// Positions that a query sees, its own included.
    pub(crate) context: Option<usize>,
}

impl Transformer {
    /// The attention `path` over all positions from the first on, and its rotated keys and
    /// values, heads side by side.
    pub(crate) fn attention(&self, p: &TestParameters, path: &str, x: &Rows) -> (Rows, [Rows; 2]) {
        let Self {
            heads,
            kv_heads,
            width,
            ..
        } = *self;
        let projected = linear(p, &format!("{path}.in_proj"), x);
        let head = |row: &[f64], i: usize| row[i * width..(i + 1) * width].to_vec();
        let (mut q, mut k, mut v) = (Rows::new(), Rows::new(), Rows::new());
        for (t, row) in projected.iter().enumerate() {
            let rotated = |i| rope(&head(row, i), t, self.max_period);
            q.push((0..heads).flat_map(rotated).collect());
            k.push((heads..heads + kv_heads).flat_map(rotated).collect());
            v.push(row[(heads + kv_heads) * width..].to_vec());
        }
        let mut y = vec![vec![0.0; heads * width]; x.len()];
        for t in 0..x.len() {
            let start = self.context.map_or(0, |c| (t + 1).saturating_sub(c));
            for h in 0..heads {
                let shared = h / (heads / kv_heads);
                let q = head(&q[t], h);
                let scores = k[start..=t].iter().map(|k| {
                    let dot: f64 = q.iter().zip(head(k, shared)).map(|(a, b)| a * b).sum();
                    (dot / (width as f64).sqrt()).exp()
                });
                let scores: Vec<f64> = scores.collect();
                let sum: f64 = scores.iter().sum();
                for (s, score) in (start..=t).zip(&scores) {
                    for (i, value) in head(&v[s], shared).iter().enumerate() {
                        y[t][h * width + i] += score / sum * value;
                    }
                }
            }
        }
        (linear(p, &format!("{path}.out_proj"), &y), [k, v])
    }

    /// The transformer `path` over all positions from the first on, and the keys and values
    /// of each layer.
    pub(crate) fn forward(
        &self,
        p: &TestParameters,
        path: &str,
        x: &Rows,
    ) -> (Rows, Vec<[Rows; 2]>) {
        let mut x = x.clone();
        let mut cached = Vec::new();
        for layer in 0..self.layers {
            let path = format!("{path}.layers.{layer}");
            let scaled = |which: usize, update: Rows| {
                let scale = p.find(&format!("{path}.layer_scale_{which}.scale"));
                let Some((_, scale)) = scale else {
                    return update;
                };
                let row = |row: Vec<f64>| {
                    row.iter()
                        .zip(scale)
                        .map(|(v, s)| v * f64::from(*s))
                        .collect()
                };
                update.into_iter().map(row).collect()
            };
            let h = layer_norm(p, &format!("{path}.norm1"), &x, 1e-5);
            let (update, keys) = self.attention(p, &format!("{path}.self_attn"), &h);
            cached.push(keys);
            x = add(&x, &scaled(1, update));
            let h = layer_norm(p, &format!("{path}.norm2"), &x, 1e-5);
            let h = each(&linear(p, &format!("{path}.linear1"), &h), gelu_tanh);
            x = add(&x, &scaled(2, linear(p, &format!("{path}.linear2"), &h)));
        }
        (x, cached)
    }
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
    x: &Rows,
    stride: usize,
    dilation: usize,
    pad: Pad,
) -> Rows {
    let (shape, weight) = p.find(&format!("{path}.weight")).unwrap();
    let [outs, ins, kernel] = *shape else {
        panic!("{path}")
    };
    let bias = p.find(&format!("{path}.bias"));
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
    x: &Rows,
    stride: usize,
    groups: usize,
) -> Rows {
    let (shape, weight) = p.find(&format!("{path}.weight")).unwrap();
    let [ins, outs, kernel] = *shape else {
        panic!("{path}")
    };
    let bias = p.find(&format!("{path}.bias"));
    let start = |o: usize| bias.map_or(0.0, |(_, b)| f64::from(b[o]));
    let time = (x[0].len() - 1) * stride + kernel;
    let mut y: Rows = (0..outs * groups).map(|o| vec![start(o); time]).collect();
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
