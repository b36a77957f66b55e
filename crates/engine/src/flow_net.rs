//! Counterpart of pocket-tts `modules/mlp.py`: the sampler's network.

use std::sync::{Mutex, PoisonError};

use config::{FLOW_NORM_EPS, FlowLmConfig, TIME_FREQUENCIES};

use crate::EngineError;
use crate::context::Context;
use crate::input::{InputDim, ModuleInput};
use crate::linear::Linear;
use crate::loader::Loader;
use crate::module::{Module, ModuleCall, NamedTensors, only, tensor};
use crate::norm::{LayerNorm, RmsNorm};

/// Embedded times that are cached: more than a sampler has steps.
const CACHED_TIMES: usize = 64;

/// Counterpart of `SimpleMLPAdaLN`.
pub(crate) struct SimpleMlpAdaLn {
    input_proj: Linear,
    cond_embed: Linear,
    time_embed: Vec<TimestepEmbedder>,
    /// Names of the time inputs.
    times: &'static [&'static str],
    res_blocks: Vec<ResBlock>,
    final_layer: FinalLayer,
    dim: usize,
    latent_dim: usize,
    conditioning_dim: usize,
    /// Means of embedded times, by the bits of the times: a sampler takes the same steps every frame.
    embedded: Mutex<Vec<(Vec<u32>, Vec<f32>)>>,
}

/// Counterpart of `TimestepEmbedder`.
struct TimestepEmbedder {
    freqs: Vec<f32>,
    mlp: [Linear; 2],
    norm: RmsNorm,
}

/// Counterpart of `ResBlock`.
struct ResBlock {
    in_ln: LayerNorm,
    mlp: [Linear; 2],
    ada_ln_modulation: Linear,
}

/// Counterpart of `FinalLayer`.
struct FinalLayer {
    norm_final: LayerNorm,
    linear: Linear,
    ada_ln_modulation: Linear,
}

impl SimpleMlpAdaLn {
    pub(crate) fn new(
        m: &Loader<'_>,
        config: &FlowLmConfig,
        latent_dim: usize,
    ) -> Result<Self, EngineError> {
        let m = m.child("flow_lm.flow_net");
        let (dim, depth) = (config.flow.dim, config.flow.depth);
        let times = config.flow.kind.time_inputs();
        let time_embed = (0..times.len())
            .map(|i| TimestepEmbedder::new(&m.child(&format!("time_embed.{i}")), dim));
        let res_blocks =
            (0..depth).map(|i| ResBlock::new(&m.child(&format!("res_blocks.{i}")), dim));
        Ok(Self {
            input_proj: Linear::new(&m.child("input_proj"), latent_dim, dim)?,
            cond_embed: Linear::new(&m.child("cond_embed"), config.conditioning_dim(), dim)?,
            time_embed: time_embed.collect::<Result<_, _>>()?,
            times,
            res_blocks: res_blocks.collect::<Result<_, _>>()?,
            final_layer: FinalLayer::new(&m.child("final_layer"), dim, latent_dim)?,
            dim,
            latent_dim,
            conditioning_dim: config.conditioning_dim(),
            embedded: Mutex::default(),
        })
    }

    /// `x` [N, ldim], `conditioning` [N, Z], and each time's values [N] -> [N, ldim].
    fn forward(
        &self,
        ctx: &mut Context,
        x: &[f32],
        conditioning: &[f32],
        times: &[Vec<f32>],
    ) -> Vec<f32> {
        let mut x = self.input_proj.forward(ctx, x);
        let mut y = self.cond_embed.forward(ctx, conditioning);
        if !times.is_empty() {
            for (row, y) in y.chunks_exact_mut(self.dim).enumerate() {
                let times: Vec<f32> = times.iter().map(|times| times[row]).collect();
                ctx.kernels.add(y, &self.embed(ctx, &times));
            }
        }
        // All that read `y` begin with this activation.
        ctx.silu(&mut y);
        for block in &self.res_blocks {
            block.forward(ctx, &mut x, &y);
        }
        let flow = self.final_layer.forward(ctx, &x, &y);
        ctx.release(x);
        ctx.release(y);
        flow
    }

    /// The mean of the embedded times of one row.
    fn embed(&self, ctx: &mut Context, times: &[f32]) -> Vec<f32> {
        let key: Vec<u32> = times.iter().map(|t| t.to_bits()).collect();
        let lock = || self.embedded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, sum)) = lock().iter().find(|(k, _)| *k == key) {
            return sum.clone();
        }
        let mut sum = vec![0.0; self.dim];
        for (embedder, time) in self.time_embed.iter().zip(times) {
            ctx.kernels.add(&mut sum, &embedder.forward(ctx, *time));
        }
        for value in &mut sum {
            *value /= times.len() as f32;
        }
        let mut embedded = lock();
        if embedded.len() == CACHED_TIMES {
            embedded.clear();
        }
        embedded.push((key, sum.clone()));
        sum
    }
}

impl Module for SimpleMlpAdaLn {
    type State = ();

    fn inputs(&self) -> Vec<ModuleInput> {
        let rows =
            |name, width| ModuleInput::f32(name, &[InputDim::Free("rows"), InputDim::Fixed(width)]);
        let mut inputs = vec![
            rows("conditioning", self.conditioning_dim),
            rows("x", self.latent_dim),
        ];
        inputs.extend(self.times.iter().map(|time| rows(time, 1)));
        inputs
    }

    fn start(&self) {}

    /// `conditioning` [N, Z], times [N, 1], `x` [N, ldim] -> `flow` [N, ldim].
    fn run(
        &self,
        ctx: &mut Context,
        call: ModuleCall<'_, ()>,
    ) -> Result<NamedTensors, EngineError> {
        only(self.run_together(ctx, vec![call]))
    }

    /// Their rows are those of one call.
    fn run_together(
        &self,
        ctx: &mut Context,
        calls: Vec<ModuleCall<'_, ()>>,
    ) -> Vec<Result<NamedTensors, EngineError>> {
        let x = ctx.concat(calls.iter().map(|call| call.inputs.f32("x")));
        let conditioning = ctx.concat(calls.iter().map(|call| call.inputs.f32("conditioning")));
        let times = self.times.iter().map(|name| {
            let times = calls.iter().map(|call| call.inputs.f32(name));
            times.collect::<Vec<_>>().concat()
        });
        let flow = self.forward(ctx, &x, &conditioning, &times.collect::<Vec<_>>());
        let mut rest = &flow[..];
        let flows = calls.iter().map(|call| {
            let values = call.inputs.f32("x").len();
            let own = rest.split_off(..values).unwrap_or_default();
            let shape = [values / self.latent_dim, self.latent_dim];
            Ok(vec![("flow", tensor(&shape, own.to_vec())?)])
        });
        let flows = flows.collect();
        for buffer in [x, conditioning, flow] {
            ctx.release(buffer);
        }
        flows
    }
}

impl TimestepEmbedder {
    fn new(m: &Loader<'_>, dim: usize) -> Result<Self, EngineError> {
        let mlp = m.child("mlp");
        Ok(Self {
            freqs: m.vector("freqs", TIME_FREQUENCIES)?,
            mlp: [
                Linear::new(&mlp.child("0"), 2 * TIME_FREQUENCIES, dim)?,
                Linear::new(&mlp.child("2"), dim, dim)?,
            ],
            norm: RmsNorm::new(&mlp.child("3"), dim)?,
        })
    }

    /// One time -> [dim].
    fn forward(&self, ctx: &mut Context, time: f32) -> Vec<f32> {
        let angles = self.freqs.iter().map(|freq| f64::from(time * freq));
        let cos = angles.clone().map(|angle| libm::cos(angle) as f32);
        let sin = angles.map(|angle| libm::sin(angle) as f32);
        let embedding: Vec<f32> = cos.chain(sin).collect();
        let mut x = self.mlp[0].forward(ctx, &embedding);
        ctx.silu(&mut x);
        let mut x = self.mlp[1].forward(ctx, &x);
        self.norm.forward(&mut x);
        x
    }
}

impl ResBlock {
    fn new(m: &Loader<'_>, dim: usize) -> Result<Self, EngineError> {
        let mlp = m.child("mlp");
        Ok(Self {
            in_ln: LayerNorm::new(&m.child("in_ln"), dim, FLOW_NORM_EPS)?,
            mlp: [
                Linear::new(&mlp.child("0"), dim, dim)?,
                Linear::new(&mlp.child("2"), dim, dim)?,
            ],
            ada_ln_modulation: Linear::new(&m.child("adaLN_modulation.1"), dim, 3 * dim)?,
        })
    }

    /// `x` [N, dim], in place, under the modulation of `silu_y` [N, dim].
    fn forward(&self, ctx: &mut Context, x: &mut [f32], silu_y: &[f32]) {
        let modulation = self.ada_ln_modulation.forward(ctx, silu_y);
        let mut h = self.in_ln.forward(ctx, x);
        modulate(&mut h, &modulation, self.ada_ln_modulation.outputs());
        let mut hidden = self.mlp[0].forward(ctx, &h);
        ctx.silu(&mut hidden);
        let update = self.mlp[1].forward(ctx, &hidden);
        let width = self.mlp[1].outputs();
        let gates = modulation.chunks_exact(3 * width).map(|m| &m[2 * width..]);
        let rows = x.chunks_exact_mut(width).zip(update.chunks_exact(width));
        for ((x, update), gate) in rows.zip(gates) {
            for ((x, update), gate) in x.iter_mut().zip(update).zip(gate) {
                *x += gate * update;
            }
        }
        for buffer in [modulation, h, hidden, update] {
            ctx.release(buffer);
        }
    }
}

impl FinalLayer {
    fn new(m: &Loader<'_>, dim: usize, latent_dim: usize) -> Result<Self, EngineError> {
        Ok(Self {
            norm_final: LayerNorm::plain(dim, FLOW_NORM_EPS),
            linear: Linear::new(&m.child("linear"), dim, latent_dim)?,
            ada_ln_modulation: Linear::new(&m.child("adaLN_modulation.1"), dim, 2 * dim)?,
        })
    }

    /// [N, dim] -> [N, ldim].
    fn forward(&self, ctx: &mut Context, x: &[f32], silu_y: &[f32]) -> Vec<f32> {
        let modulation = self.ada_ln_modulation.forward(ctx, silu_y);
        let mut h = self.norm_final.forward(ctx, x);
        modulate(&mut h, &modulation, self.ada_ln_modulation.outputs());
        let out = self.linear.forward(ctx, &h);
        ctx.release(modulation);
        ctx.release(h);
        out
    }
}

/// `x * (1 + scale) + shift`, row by row. A row of `modulation` is `stride` values, of which the
/// first are shift and scale.
fn modulate(x: &mut [f32], modulation: &[f32], stride: usize) {
    let rows = modulation.len() / stride;
    let width = x.len() / rows.max(1);
    for (x, modulation) in x
        .chunks_exact_mut(width)
        .zip(modulation.chunks_exact(stride))
    {
        let (shift, scale) = modulation.split_at(width);
        for ((x, shift), scale) in x.iter_mut().zip(shift).zip(scale) {
            *x = *x * (1.0 + scale) + shift;
        }
    }
}

#[cfg(test)]
mod tests;
