//! The codec's decoder: from latents to sound.

use bundle::{Component, Dim, names};
use config::Config;
use kernels::CacheFormat;

use super::DecoderPart;
use super::decoder_part::HIDDEN;
use crate::EngineError;
use crate::context::Context;
use crate::input::{InputDim, ModuleInput};
use crate::kv_cache::KvCache;
use crate::linear::Linear;
use crate::loader::Loader;
use crate::module::{Module, ModuleCall, NamedTensors, tensor};
use crate::resample::ConvTrUpsample1d;
use crate::seanet::{Seanet, SeanetConv, SeanetState};
use crate::transformer::{CachePart, ProjectedTransformer, TransformerPart};

/// Path of the upsampling's convolution.
const UPSAMPLE: &str = "upsample.convtr";

/// Counterpart of `MimiModel.decode_from_latent` and of the scaling in
/// `TTSModel._decode_audio_worker`, or a [`DecoderPart`] of it.
pub(crate) struct MimiDecoder {
    /// None in the second part.
    unquantiser: Option<Unquantiser>,
    /// In a part, some of its layers.
    transformer: ProjectedTransformer,
    /// None in the first part.
    seanet: Option<Seanet>,
}

/// From latents to the transformer's inputs.
struct Unquantiser {
    emb_std: Vec<f32>,
    emb_mean: Vec<f32>,
    quantizer: Linear,
    upsample: Option<ConvTrUpsample1d>,
    /// Transformer positions of a latent frame.
    stride: usize,
}

/// What the decoder keeps from call to call. A part has nothing in the other part's place.
#[derive(Clone)]
pub(crate) struct DecoderState {
    /// [stride, channels]
    upsample: Vec<f32>,
    caches: Vec<KvCache>,
    seanet: SeanetState,
}

impl MimiDecoder {
    /// The decoder, or only `part` of it.
    pub(crate) fn new(
        m: &Loader<'_>,
        config: &Config,
        cache: CacheFormat,
        part: Option<DecoderPart>,
    ) -> Result<Self, EngineError> {
        let mimi = m.child("mimi");
        let codec = config.mimi.decoder_transformer();
        let part = part.map_or_else(
            || TransformerPart::whole(codec.num_layers),
            |part| part.layers(codec.num_layers),
        );
        let unquantiser = (part.begins)
            .then(|| Unquantiser::new(m, config))
            .transpose()?;
        let seanet = (part.ends)
            .then(|| Seanet::decoder(&mimi.child("decoder"), config.mimi.decoder_seanet()))
            .transpose()?;
        let m = mimi.child("decoder_transformer");
        Ok(Self {
            unquantiser,
            transformer: ProjectedTransformer::part(&m, codec, cache, part)?,
            seanet,
        })
    }

    /// A part of `decoder` as a component of its own, as far as streams look at it: its outputs are not
    /// listed.
    pub(crate) fn component_of_part(&self, decoder: &Component) -> Component {
        let mut part = decoder.clone();
        part.outputs.clear();
        part.states.retain(|state| self.owner(state).is_ok());
        let has = |states: &[bundle::State], name: &str| states.iter().any(|it| it.input == name);
        (part.inputs).retain(|it| !has(&decoder.states, &it.name) || has(&part.states, &it.name));
        if self.unquantiser.is_none() {
            let latents = part.inputs.iter_mut().find(|it| it.name == names::LATENTS);
            if let Some(input) = latents {
                HIDDEN.clone_into(&mut input.name);
                if let Some(width) = input.shape.last_mut() {
                    *width = Dim::Fixed(self.hidden());
                }
            }
            let advances = part.position.iter_mut().flat_map(|it| &mut it.advances_by);
            for advance in advances {
                HIDDEN.clone_into(&mut advance.input);
                advance.times = 1;
            }
        }
        part
    }

    /// Values of a transformer position between the parts.
    fn hidden(&self) -> usize {
        self.transformer.width()
    }
}

impl Unquantiser {
    fn new(m: &Loader<'_>, config: &Config) -> Result<Self, EngineError> {
        let (lm, mimi) = (m.child("flow_lm"), m.child("mimi"));
        let quantizer = &config.mimi.quantizer;
        let stride = config.mimi.positions_per_frame();
        let width = config.mimi.decoder_seanet().dimension;
        let upsample =
            (stride > 1).then(|| ConvTrUpsample1d::new(&mimi.child("upsample"), stride, width));
        Ok(Self {
            emb_std: lm.vector("emb_std", config.mimi.latent_dim())?,
            emb_mean: lm.vector("emb_mean", config.mimi.latent_dim())?,
            quantizer: Linear::new(
                &mimi.child("quantizer.output_proj"),
                quantizer.dimension,
                quantizer.output_dimension,
            )?,
            upsample: upsample.transpose()?,
            stride,
        })
    }

    /// `latents` [frames, ldim] as the sampler leaves them -> [frames * stride, channels].
    fn forward(&self, ctx: &mut Context, latents: &[f32], partial: &mut [f32]) -> Vec<f32> {
        let mut scaled = ctx.copy(latents);
        for scaled in scaled.chunks_exact_mut(self.emb_std.len()) {
            for ((x, std), mean) in scaled.iter_mut().zip(&self.emb_std).zip(&self.emb_mean) {
                *x = *x * std + mean;
            }
        }
        let mut x = self.quantizer.forward(ctx, &scaled);
        ctx.release(scaled);
        if let Some(upsample) = &self.upsample {
            let y = upsample.forward(ctx, &x, partial);
            ctx.release(std::mem::replace(&mut x, y));
        }
        x
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
            let cache = (self.transformer).find_cache("decoder_transformer", state_info);
            cache.map(StateOwner::Transformer)
        } else if let Some(path) = path.strip_prefix("decoder.") {
            let conv = self.seanet.as_ref().and_then(|it| it.find(path));
            let conv = conv.filter(|found| has_key(found.conv.key()));
            conv.map(StateOwner::Seanet)
        } else if path == UPSAMPLE {
            let upsample = self.upsample().filter(|_| has_key("partial"));
            upsample.map(StateOwner::Upsample)
        } else {
            None
        };
        owner.ok_or_else(|| EngineError::unknown_state(state_info))
    }

    fn upsample(&self) -> Option<&ConvTrUpsample1d> {
        (self.unquantiser.as_ref()).and_then(|it| it.upsample.as_ref())
    }

    /// The name of the input, and the values of one of its rows.
    fn input(&self) -> (&'static str, usize) {
        match &self.unquantiser {
            Some(unquantiser) => (names::LATENTS, unquantiser.emb_std.len()),
            None => (HIDDEN, self.hidden()),
        }
    }
}

impl Module for MimiDecoder {
    type State = DecoderState;

    const COUNTS_POSITIONS: bool = true;

    fn inputs(&self) -> Vec<ModuleInput> {
        let (name, width) = self.input();
        let shape = [
            InputDim::Fixed(1),
            InputDim::Free("rows"),
            InputDim::Fixed(width),
        ];
        vec![ModuleInput::f32(name, &shape)]
    }

    fn start(&self) -> DecoderState {
        DecoderState {
            upsample: (self.upsample()).map_or(Vec::new(), ConvTrUpsample1d::start),
            caches: self.transformer.caches(),
            seanet: self.seanet.as_ref().map(Seanet::start).unwrap_or_default(),
        }
    }

    /// `latents` [1, F, ldim] as the sampler leaves them -> `audio` [1, 1, `frame_size` * F].
    /// Between the parts there is `hidden` [1, T, `d_model`].
    fn run(
        &self,
        ctx: &mut Context,
        call: ModuleCall<'_, DecoderState>,
    ) -> Result<NamedTensors, EngineError> {
        let ModuleCall {
            state,
            position,
            inputs,
            ..
        } = call;
        let (name, width) = self.input();
        let given = inputs.f32(name);
        if given.is_empty() {
            return Err(EngineError::Empty { inputs: name });
        }
        let caches = &mut state.caches;
        if !caches.iter().all(|cache| cache.is_like(&caches[0])) {
            return Err(EngineError::CacheLength);
        }
        let mut time = given.len() / width;
        let x = match &self.unquantiser {
            Some(unquantiser) => {
                time *= unquantiser.stride;
                unquantiser.forward(ctx, given, &mut state.upsample)
            }
            None => ctx.copy(given),
        };
        let x = self.transformer.forward(ctx, x, time, position, caches);
        let Some(seanet) = &self.seanet else {
            return Ok(vec![(HIDDEN, tensor(&[1, time, self.hidden()], x)?)]);
        };
        let audio = seanet.forward(ctx, x, time, &mut state.seanet, position == 0);
        Ok(vec![(names::AUDIO, tensor(&[1, 1, audio.len()], audio)?)])
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
