//! The codec's encoder: from a recording to a voice prompt.

use config::Config;
use kernels::CacheFormat;

use crate::EngineError;
use crate::context::Context;
use crate::conv::StreamingConv1d;
use crate::input::{InputDim, ModuleInput};
use crate::linear::Linear;
use crate::loader::Loader;
use crate::module::{Module, ModuleCall, NamedTensors, tensor};
use crate::resample::conv_downsample1d;
use crate::seanet::Seanet;
use crate::transformer::ProjectedTransformer;

/// Frames that the encoder takes at a time: enough rows for its products, few enough that its
/// memory does not grow with the recording.
pub(super) const FRAMES_AT_A_TIME: usize = 8;

/// Counterpart of `MimiModel.encode_to_latent` and of the speaker projection in
/// `TTSModel._encode_audio`.
pub(crate) struct MimiEncoder {
    seanet: Seanet,
    transformer: ProjectedTransformer,
    downsample: Option<StreamingConv1d>,
    speaker_proj: Linear,
    bos_before_voice: Vec<f32>,
    pub(super) frame_size: usize,
    stride: usize,
    pub(super) inner: usize,
    width: usize,
}

impl MimiEncoder {
    pub(crate) fn new(
        m: &Loader<'_>,
        config: &Config,
        cache: CacheFormat,
    ) -> Result<Self, EngineError> {
        let (lm, mimi) = (m.child("flow_lm"), m.child("mimi"));
        let (inner, width) = (config.mimi.inner_dim(), config.flow_lm.transformer.d_model);
        let stride = config.mimi.positions_per_frame();
        let downsample = (stride > 1).then(|| {
            let inputs = config.mimi.seanet.dimension;
            conv_downsample1d(&mimi.child("downsample"), stride, inputs, inner)
        });
        let bos = config.flow_lm.insert_bos_before_voice;
        let bos = bos.then(|| lm.vector("bos_before_voice", width));
        Ok(Self {
            seanet: Seanet::encoder(&mimi.child("encoder"), &config.mimi.seanet)?,
            transformer: ProjectedTransformer::new(
                &mimi.child("encoder_transformer"),
                &config.mimi.transformer,
                cache,
            )?,
            downsample: downsample.transpose()?,
            speaker_proj: Linear::of(&lm, "speaker_proj_weight", inner, width)?,
            bos_before_voice: bos.transpose()?.unwrap_or_default(),
            frame_size: config.mimi.frame_size(),
            stride,
            inner,
            width,
        })
    }
}

impl Module for MimiEncoder {
    type State = ();

    fn inputs(&self) -> Vec<ModuleInput> {
        let one = InputDim::Fixed(1);
        vec![ModuleInput::f32(
            "audio",
            &[one, one, InputDim::Free("samples")],
        )]
    }

    fn start(&self) {}

    /// `audio` [1, 1, N] -> `latents` [1, F, inner] and `prompt` [1, F, D], with one row more
    /// where the model has `bos_before_voice`. It runs `FRAMES_AT_A_TIME` frames at a
    /// time, with a state that lasts for one call.
    fn run(
        &self,
        ctx: &mut Context,
        ModuleCall { inputs, .. }: ModuleCall<'_, ()>,
    ) -> Result<NamedTensors, EngineError> {
        let audio = inputs.f32("audio");
        if audio.is_empty() {
            return Err(EngineError::Empty { inputs: "audio" });
        }
        let mut seanet = self.seanet.start();
        let mut caches = self.transformer.caches();
        let mut downsampled = self.downsample.as_ref().map(StreamingConv1d::start);
        let mut latents = Vec::new();
        for (piece, samples) in audio.chunks(FRAMES_AT_A_TIME * self.frame_size).enumerate() {
            // The last frame is padded with zeros.
            let frames = samples.len().div_ceil(self.frame_size);
            let mut x = ctx.acquire(frames * self.frame_size);
            x[..samples.len()].copy_from_slice(samples);
            x[samples.len()..].fill(0.0);
            let is_first_call = piece == 0;
            let time = frames * self.stride;
            let x = self
                .seanet
                .forward(ctx, x, time, &mut seanet, is_first_call);
            let position = (piece * FRAMES_AT_A_TIME * self.stride) as i64;
            let x = self
                .transformer
                .forward(ctx, x, time, position, &mut caches);
            match self.downsample.as_ref().zip(downsampled.as_mut()) {
                Some((downsample, state)) => {
                    latents.extend(downsample.forward(ctx, &x, false, state, is_first_call));
                }
                None => latents.extend_from_slice(&x),
            }
            ctx.release(x);
        }
        let frames = latents.len() / self.inner;
        let mut prompt = self.bos_before_voice.clone();
        prompt.extend(self.speaker_proj.forward(ctx, &latents));
        ctx.free_memory();
        Ok(vec![
            ("latents", tensor(&[1, frames, self.inner], latents)?),
            (
                "prompt",
                tensor(&[1, prompt.len() / self.width, self.width], prompt)?,
            ),
        ])
    }
}
