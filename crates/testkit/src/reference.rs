//! What the modules of pocket-tts compute, in f64, in plain loops, and over a whole signal at once.
//!
//! Values are rows: `[time][channels]`. Parameters are in the checkpoint's layout.

/// A list of rows.
pub type RefRows = Vec<Vec<f64>>;

/// Parameters by path, in the checkpoint's layout.
pub trait RefWeights {
    /// The values at `path`, if there are any.
    fn find(&self, path: &str) -> Option<&[f32]>;

    /// The values at `path`.
    ///
    /// # Panics
    ///
    /// If there are none.
    fn get(&self, path: &str) -> &[f32] {
        self.find(path).unwrap_or_else(|| panic!("no {path}"))
    }
}

/// `values` as rows of `width` values.
pub fn rows(values: &[f32], width: usize) -> RefRows {
    let row = |row: &[f32]| row.iter().map(|&v| f64::from(v)).collect();
    values.chunks_exact(width).map(row).collect()
}

/// Applies `f` to every value.
pub fn map(x: &RefRows, f: impl Fn(f64) -> f64) -> RefRows {
    let row = |row: &Vec<f64>| row.iter().map(|&v| f(v)).collect();
    x.iter().map(row).collect()
}

/// Applies `f` to every pair of values.
///
/// # Panics
///
/// If one has more rows than the other.
pub fn zip(a: &RefRows, b: &RefRows, f: impl Fn(f64, f64) -> f64) -> RefRows {
    assert_eq!(a.len(), b.len());
    let row = |(a, b): (&Vec<f64>, &Vec<f64>)| a.iter().zip(b).map(|(a, b)| f(*a, *b)).collect();
    a.iter().zip(b).map(row).collect()
}

/// The sum.
pub fn add(a: &RefRows, b: &RefRows) -> RefRows {
    zip(a, b, |a, b| a + b)
}

/// The activation of the flow network.
pub fn silu(x: f64) -> f64 {
    x / (1.0 + (-x).exp())
}

/// The activation of SEANet.
pub fn elu(x: f64) -> f64 {
    if x > 0.0 { x } else { x.exp_m1() }
}

/// The activation of transformers.
pub fn gelu_tanh(x: f64) -> f64 {
    let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
    0.5 * x * (1.0 + inner.tanh())
}

/// The bias at `path`, or zeros.
pub fn bias(p: &impl RefWeights, path: &str, outputs: usize) -> Vec<f64> {
    p.find(&format!("{path}.bias"))
        .map_or(vec![0.0; outputs], |bias| {
            bias.iter().map(|&v| f64::from(v)).collect()
        })
}

/// The linear layer at `path`: weight [out, in].
pub fn linear(p: &impl RefWeights, path: &str, x: &RefRows) -> RefRows {
    let weight = p.get(&format!("{path}.weight"));
    // No rows have no width.
    let Some(inputs) = x.first().map(Vec::len) else {
        return RefRows::new();
    };
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
pub fn plain_layer_norm(x: &RefRows, eps: f64) -> RefRows {
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
pub fn layer_norm(p: &impl RefWeights, path: &str, x: &RefRows, eps: f64) -> RefRows {
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
pub fn rms_norm(alpha: &[f32], x: &[f64], eps: f64) -> Vec<f64> {
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
pub fn rope(head: &[f64], position: usize, max_period: f64) -> Vec<f64> {
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
pub struct RefTransformer {
    /// Layers.
    pub layers: usize,
    /// Query heads.
    pub num_heads: usize,
    /// Key and value heads.
    pub num_kv_heads: usize,
    /// Values of a head.
    pub head_dim: usize,
    /// Longest period of the rotary embedding.
    pub max_period: f64,
    /// Positions that a query sees, its own included; all where there is no limit.
    pub context: Option<usize>,
}

impl RefTransformer {
    /// The rotated `[queries, keys]` of a projection, heads side by side, and the values.
    fn heads(&self, projected: &RefRows) -> ([RefRows; 2], RefRows) {
        let (heads, kv_heads, dim) = (self.num_heads, self.num_kv_heads, self.head_dim);
        let (mut queries, mut keys, mut values) = (RefRows::new(), RefRows::new(), RefRows::new());
        for (t, row) in projected.iter().enumerate() {
            let rotated = |i: usize| rope(&row[i * dim..][..dim], t, self.max_period);
            queries.push((0..heads).flat_map(rotated).collect());
            keys.push((heads..heads + kv_heads).flat_map(rotated).collect());
            values.push(row[(heads + kv_heads) * dim..].to_vec());
        }
        ([queries, keys], values)
    }

    /// Scores before the softmax of a projection to queries, keys and values: `[time][num_heads]`,
    /// each of the positions up to its own that `context` lets it see.
    pub fn scores(&self, projected: &RefRows) -> Vec<Vec<Vec<f64>>> {
        let ([queries, keys], _) = self.heads(projected);
        self.products(&queries, &keys)
    }

    fn products(&self, queries: &RefRows, keys: &RefRows) -> Vec<Vec<Vec<f64>>> {
        let dim = self.head_dim;
        let score = |t: usize, head: usize| {
            let q = &queries[t][head * dim..][..dim];
            let product = |k: &Vec<f64>| {
                let pairs = q.iter().zip(&k[self.kv_head(head) * dim..][..dim]);
                pairs.map(|(q, k)| q * k).sum::<f64>() / (dim as f64).sqrt()
            };
            keys[self.start(t)..=t].iter().map(product).collect()
        };
        let row = |t| (0..self.num_heads).map(|head| score(t, head)).collect();
        (0..queries.len()).map(row).collect()
    }

    /// The key and value head that a query head shares with others.
    fn kv_head(&self, head: usize) -> usize {
        head / (self.num_heads / self.num_kv_heads)
    }

    /// The first position that the query at `t` sees.
    fn start(&self, t: usize) -> usize {
        self.context.map_or(0, |c| (t + 1).saturating_sub(c))
    }

    /// The attention at `path`, over all positions from the first on, and its rotated keys and its
    /// values, heads side by side.
    pub fn attention(
        &self,
        p: &impl RefWeights,
        path: &str,
        x: &RefRows,
    ) -> (RefRows, [RefRows; 2]) {
        let dim = self.head_dim;
        let projected = linear(p, &format!("{path}.in_proj"), x);
        let ([queries, keys], values) = self.heads(&projected);
        let mut y = vec![vec![0.0; self.num_heads * dim]; x.len()];
        for (t, scores) in self.products(&queries, &keys).iter().enumerate() {
            for (head, scores) in scores.iter().enumerate() {
                let total: f64 = scores.iter().map(|score| score.exp()).sum();
                for (value, score) in values[self.start(t)..].iter().zip(scores) {
                    let value = &value[self.kv_head(head) * dim..][..dim];
                    for (y, value) in y[t][head * dim..].iter_mut().zip(value) {
                        *y += score.exp() / total * value;
                    }
                }
            }
        }
        let y = linear(p, &format!("{path}.out_proj"), &y);
        (y, [keys, values])
    }

    /// The transformer at `path`, over all positions from the first on, and the rotated keys and the
    /// values of each layer.
    pub fn forward(
        &self,
        p: &impl RefWeights,
        path: &str,
        x: &RefRows,
    ) -> (RefRows, Vec<[RefRows; 2]>) {
        let mut x = x.clone();
        let mut cached = Vec::new();
        for layer in 0..self.layers {
            let path = format!("{path}.layers.{layer}");
            let scaled = |which: usize, update: RefRows| {
                let Some(scale) = p.find(&format!("{path}.layer_scale_{which}.scale")) else {
                    return update;
                };
                let scale = vec![rows(scale, scale.len()).concat(); update.len()];
                zip(&update, &scale, |update, scale| update * scale)
            };
            let h = layer_norm(p, &format!("{path}.norm1"), &x, 1e-5);
            let (update, kept) = self.attention(p, &format!("{path}.self_attn"), &h);
            cached.push(kept);
            x = add(&x, &scaled(1, update));
            let h = layer_norm(p, &format!("{path}.norm2"), &x, 1e-5);
            let h = map(&linear(p, &format!("{path}.linear1"), &h), gelu_tanh);
            x = add(&x, &scaled(2, linear(p, &format!("{path}.linear2"), &h)));
        }
        (x, cached)
    }
}
