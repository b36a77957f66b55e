//! Counterpart of `modules/mlp.py` in pocket-tts: the sampler's network.

use bundle::names;
use config::{Config, FLOW_NORM_EPS, RMS_NORM_EPS};
use onnx::{Graph, Scope, Value};
use tensor::{DType, Dim};

/// Counterpart of `SimpleMLPAdaLN` in pocket-tts: `conditioning` [N, Z], times [N, 1], `x` [N, ldim] -> `flow` [N, ldim].
pub(crate) fn flow_net(g: &Graph, config: &Config) {
    let m = &g.scope("flow_lm.flow_net");
    let flow = &config.flow_lm.flow;
    let rows = |width| [Dim::from("N"), Dim::Fixed(width)];
    let conditioning = g.input(
        names::CONDITIONING,
        DType::F32,
        &rows(config.flow_lm.conditioning_dim()),
    );
    let times: Vec<Value> = (flow.kind.time_inputs().iter())
        .map(|name| g.input(name, DType::F32, &rows(1)))
        .collect();
    let x = g.input(names::X, DType::F32, &rows(config.mimi.latent_dim()));

    let mut x = m.child("input_proj").linear(&x);
    let mut y = m.child("cond_embed").linear(&conditioning);
    let embedded = times
        .iter()
        .enumerate()
        .map(|(i, t)| timestep_embedder(&m.child(&format!("time_embed.{i}")), t));
    if let Some(sum) = embedded.reduce(|a, b| m.add(&a, &b)) {
        y = m.add(&y, &m.div(&sum, &m.scalar(times.len() as f32)));
    }
    for i in 0..flow.depth {
        x = res_block(&m.child(&format!("res_blocks.{i}")), flow.dim, &x, &y);
    }
    let out = final_layer(&m.child("final_layer"), flow.dim, &x, &y);
    g.output(
        names::FLOW,
        &out,
        DType::F32,
        &rows(config.mimi.latent_dim()),
    );
}

/// Counterpart of `TimestepEmbedder` in pocket-tts: `t` [N, 1] -> [N, dim].
fn timestep_embedder(m: &Scope<'_>, t: &Value) -> Value {
    let args = m.mul(t, &m.parameter("freqs"));
    let embedding = m.concat(&[&m.cos(&args), &m.sin(&args)], -1);
    let x = m.child("mlp.0").linear(&embedding);
    let x = m.child("mlp.1").silu(&x);
    let x = m.child("mlp.2").linear(&x);
    rms_norm(&m.child("mlp.3"), &x)
}

/// Counterpart of `RMSNorm` in pocket-tts: divides by the root of `eps` plus the *unbiased variance*
/// about the mean, and does not subtract the mean.
fn rms_norm(m: &Scope<'_>, x: &Value) -> Value {
    let width = m.parameter_shape("alpha").iter().product::<usize>();
    let centred = m.sub(x, &m.mean(x, 1));
    let squares = m.sum(&m.mul(&centred, &centred), 1);
    let var = m.div(&squares, &m.scalar(width as f32 - 1.0));
    let root = m.sqrt(&m.add(&var, &m.scalar(RMS_NORM_EPS)));
    m.mul(x, &m.div(&m.parameter("alpha"), &root))
}

/// Counterpart of `ResBlock` in pocket-tts: `x` [N, dim] under the modulation of `y` [N, dim].
fn res_block(m: &Scope<'_>, dim: usize, x: &Value, y: &Value) -> Value {
    let modulation = ada_ln_modulation(m, y, &[dim; 3]);
    let [shift, scale, gate] = [0, 1, 2].map(|i| &modulation[i]);
    let h = modulate(
        m,
        &m.child("in_ln").layer_norm(x, FLOW_NORM_EPS),
        shift,
        scale,
    );
    let h = m.child("mlp.0").linear(&h);
    let h = m.child("mlp.1").silu(&h);
    let h = m.child("mlp.2").linear(&h);
    m.add(x, &m.mul(gate, &h))
}

/// Counterpart of `FinalLayer` in pocket-tts: [N, dim] -> [N, ldim].
fn final_layer(m: &Scope<'_>, dim: usize, x: &Value, y: &Value) -> Value {
    let modulation = ada_ln_modulation(m, y, &[dim; 2]);
    let norm = m
        .child("norm_final")
        .plain_layer_norm(x, dim, FLOW_NORM_EPS);
    m.child("linear")
        .linear(&modulate(m, &norm, &modulation[0], &modulation[1]))
}

/// `adaLN_modulation(y)`, cut into pieces of these widths.
fn ada_ln_modulation(m: &Scope<'_>, y: &Value, widths: &[usize]) -> Vec<Value> {
    let silu = m.child("adaLN_modulation.0").silu(y);
    let linear = m.child("adaLN_modulation.1");
    linear.split(&linear.linear(&silu), widths, -1)
}

/// `x * (1 + scale) + shift`.
fn modulate(m: &Scope<'_>, x: &Value, shift: &Value, scale: &Value) -> Value {
    let m = m.child("modulate");
    m.add(&m.mul(x, &m.add(scale, &m.scalar(1.0))), shift)
}

#[cfg(test)]
mod tests;
