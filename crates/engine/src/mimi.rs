//! Counterpart of pocket-tts `models/mimi.py`: the codec's two halves.

use config::Config;
use kernels::CacheFormat;

use crate::EngineError;
use crate::context::Context;
use crate::conv::StreamingConv1d;
use crate::input::{InputDim, ModuleInput};
use crate::kv_cache::KvCache;
use crate::linear::Linear;
use crate::loader::Loader;
use crate::module::{Inputs, Module, NamedTensors, tensor};
use crate::resample::{ConvTrUpsample1d, conv_downsample1d};
use crate::seanet::{Seanet, SeanetConv, SeanetState};
use crate::transformer::{CachePart, ProjectedTransformer};

/// Frames that the encoder takes at a time: enough rows for its products, few enough that its
/// memory does not grow with the recording.
const ENCODER_FRAMES: usize = 8;

/// Path of the upsampling's convolution.
const UPSAMPLE: &str = "upsample.convtr";

/// Counterpart of `MimiModel.decode_from_latent` and of the scaling in
/// `TTSModel._decode_audio_worker`.
pub(crate) struct MimiDecoder {
    emb_std: Vec<f32>,
    emb_mean: Vec<f32>,
    quantizer: Linear,
    upsample: Option<ConvTrUpsample1d>,
    transformer: ProjectedTransformer,
    seanet: Seanet,
    /// Transformer positions of a latent frame.
    stride: usize,
}

/// What the decoder keeps from call to call.
#[derive(Clone)]
pub(crate) struct DecoderState {
    /// [stride, channels]
    upsample: Vec<f32>,
    caches: Vec<KvCache>,
    seanet: SeanetState,
}

impl MimiDecoder {
    pub(crate) fn new(
        m: &Loader<'_>,
        config: &Config,
        cache: CacheFormat,
    ) -> Result<Self, EngineError> {
        let (lm, mimi) = (m.child("flow_lm"), m.child("mimi"));
        let seanet = config.mimi.decoder_seanet();
        let quantizer = &config.mimi.quantizer;
        let stride = config.mimi.positions_per_frame();
        let upsample = (stride > 1)
            .then(|| ConvTrUpsample1d::new(&mimi.child("upsample"), stride, seanet.dimension));
        Ok(Self {
            emb_std: lm.vector("emb_std", config.mimi.latent_dim())?,
            emb_mean: lm.vector("emb_mean", config.mimi.latent_dim())?,
            quantizer: Linear::new(
                &mimi.child("quantizer.output_proj"),
                quantizer.dimension,
                quantizer.output_dimension,
            )?,
            upsample: upsample.transpose()?,
            transformer: ProjectedTransformer::new(
                &mimi.child("decoder_transformer"),
                config.mimi.decoder_transformer(),
                cache,
            )?,
            seanet: Seanet::decoder(&mimi.child("decoder"), seanet)?,
            stride,
        })
    }
}

/// What a state of the decoder belongs to.
enum StateOwner<'a> {
    Transformer(CachePart),
    Seanet(SeanetConv<'a>),
    Upsample(&'a ConvTrUpsample1d),
}

impl MimiDecoder {
    /// Finds the module that has this state.
    fn owner(&self, state_info: &bundle::State) -> Result<StateOwner<'_>, EngineError> {
        let path = state_info.module.as_str();
        let has_key = |key| state_info.key == key && state_info.index.is_none();
        let owner = if path.starts_with("decoder_transformer.") {
            let cache = self
                .transformer
                .find_cache("decoder_transformer", state_info);
            cache.map(StateOwner::Transformer)
        } else if let Some(path) = path.strip_prefix("decoder.") {
            let conv = self.seanet.find(path);
            let conv = conv.filter(|found| has_key(found.conv.key()));
            conv.map(StateOwner::Seanet)
        } else if path == UPSAMPLE {
            let upsample = self.upsample.as_ref().filter(|_| has_key("partial"));
            upsample.map(StateOwner::Upsample)
        } else {
            None
        };
        owner.ok_or_else(|| EngineError::unknown_state(state_info))
    }
}

impl Module for MimiDecoder {
    type State = DecoderState;

    const COUNTS_POSITIONS: bool = true;

    fn inputs(&self) -> Vec<ModuleInput> {
        let width = InputDim::Fixed(self.emb_std.len());
        vec![ModuleInput::f32(
            "latents",
            &[InputDim::Fixed(1), InputDim::Free("frames"), width],
        )]
    }

    fn start(&self) -> DecoderState {
        DecoderState {
            upsample: self
                .upsample
                .as_ref()
                .map_or(Vec::new(), ConvTrUpsample1d::start),
            caches: self.transformer.caches(),
            seanet: self.seanet.start(),
        }
    }

    /// `latents` [1, F, ldim] as the sampler leaves them -> `audio` [1, 1, `frame_size` * F].
    fn run(
        &self,
        ctx: &mut Context,
        state: &mut DecoderState,
        position: i64,
        inputs: &Inputs<'_>,
    ) -> Result<NamedTensors, EngineError> {
        let latents = inputs.f32("latents");
        if latents.is_empty() {
            return Err(EngineError::Empty { inputs: "latents" });
        }
        let caches = &state.caches;
        if !caches.iter().all(|cache| cache.is_like(&caches[0])) {
            return Err(EngineError::CacheLength);
        }
        let frames = latents.len() / self.emb_std.len();
        let mut scaled = ctx.copy(latents);
        for scaled in scaled.chunks_exact_mut(self.emb_std.len()) {
            for ((x, std), mean) in scaled.iter_mut().zip(&self.emb_std).zip(&self.emb_mean) {
                *x = *x * std + mean;
            }
        }
        let mut x = self.quantizer.forward(ctx, &scaled);
        ctx.release(scaled);
        if let Some(upsample) = &self.upsample {
            let y = upsample.forward(ctx, &x, &mut state.upsample);
            ctx.release(std::mem::replace(&mut x, y));
        }
        let time = frames * self.stride;
        let x = (self.transformer).forward(ctx, x, time, position, &mut state.caches);
        let audio = self
            .seanet
            .forward(ctx, x, time, &mut state.seanet, position == 0);
        Ok(vec![("audio", tensor(&[1, 1, audio.len()], audio)?)])
    }

    fn state_size(&self, state_info: &bundle::State) -> Result<usize, EngineError> {
        Ok(match self.owner(state_info)? {
            StateOwner::Transformer(cache) => cache.row_width,
            StateOwner::Seanet(found) => found.conv.state_size(),
            StateOwner::Upsample(upsample) => upsample.start().len(),
        })
    }

    fn state(
        &self,
        ctx: &mut Context,
        state: &DecoderState,
        state_info: &bundle::State,
    ) -> Result<Vec<f32>, EngineError> {
        Ok(match self.owner(state_info)? {
            StateOwner::Transformer(cache) => cache.of(&state.caches).get(),
            StateOwner::Seanet(found) => found.conv.state(ctx, found.state(&state.seanet)),
            StateOwner::Upsample(upsample) => upsample.state(&state.upsample),
        })
    }

    fn set_state(
        &self,
        ctx: &mut Context,
        state: &mut DecoderState,
        state_info: &bundle::State,
        value: &[f32],
    ) -> Result<(), EngineError> {
        let fits = value.len() == self.state_size(state_info)?;
        match self.owner(state_info)? {
            StateOwner::Transformer(cache) => {
                cache.set(ctx, &mut state.caches, state_info, value)?;
            }
            StateOwner::Seanet(_) | StateOwner::Upsample(_) if !fits => {
                return Err(EngineError::state_size(state_info, value));
            }
            StateOwner::Seanet(found) => {
                (found.conv).set_state(found.state_mut(&mut state.seanet), value);
            }
            StateOwner::Upsample(upsample) => state.upsample = upsample.partial_of(value),
        }
        Ok(())
    }
}

/// Counterpart of `MimiModel.encode_to_latent` and of the speaker projection in
/// `TTSModel._encode_audio`.
pub(crate) struct MimiEncoder {
    seanet: Seanet,
    transformer: ProjectedTransformer,
    downsample: Option<StreamingConv1d>,
    speaker_proj: Linear,
    bos_before_voice: Vec<f32>,
    frame_size: usize,
    stride: usize,
    inner: usize,
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
    /// where the model has `bos_before_voice`. It runs `ENCODER_FRAMES` frames at a
    /// time, with a state that lasts for one call.
    fn run(
        &self,
        ctx: &mut Context,
        (): &mut (),
        _: i64,
        inputs: &Inputs<'_>,
    ) -> Result<NamedTensors, EngineError> {
        let audio = inputs.f32("audio");
        if audio.is_empty() {
            return Err(EngineError::Empty { inputs: "audio" });
        }
        let mut seanet = self.seanet.start();
        let mut caches = self.transformer.caches();
        let mut downsampled = self.downsample.as_ref().map(StreamingConv1d::start);
        let mut latents = Vec::new();
        for (piece, samples) in audio.chunks(ENCODER_FRAMES * self.frame_size).enumerate() {
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
            let position = (piece * ENCODER_FRAMES * self.stride) as i64;
            let x = self
                .transformer
                .forward(ctx, x, time, position, &mut caches);
            match self.downsample.as_ref().zip(downsampled.as_mut()) {
                Some((downsample, state)) => {
                    latents.extend(downsample.forward(ctx, &x, None, state, is_first_call));
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

#[cfg(test)]
mod tests;
