//! Counterpart of `models/mimi.py` in pocket-tts: the codec's two halves.

use std::cell::RefCell;

use bundle::names;
use config::Config;
use onnx::{Graph, Scope, Value};
use tensor::{DType, Dim};

use crate::attention::Keys;
use crate::kv_cache::{CacheUpdate, KvCache};
use crate::mask::attention_mask;
use crate::resample::{conv_downsample1d, conv_tr_upsample1d};
use crate::seanet::{seanet_decoder, seanet_encoder};
use crate::states::States;
use crate::transformer::{StreamingTransformer, projected_transformer};
use crate::window::Window;

/// Whether the parameter `key` is a weight of the decoder's slow layers, whose error is not heard: of
/// the transformer, and of the layers of SEANet before the first upsampling and in it.
pub(crate) fn is_slow(key: &str) -> bool {
    let paths = [
        "mimi.decoder_transformer.",
        "mimi.decoder.model.0.",
        "mimi.decoder.model.2.",
    ];
    paths.iter().any(|path| key.starts_with(path))
}

/// The batch, and whatever else has one element.
const ONE: Dim = Dim::Fixed(1);

/// Counterpart of `MimiModel.encode_to_latent` and of the speaker projection in
/// `TTSModel._encode_audio`: `audio` [1, 1, N] -> `latents` [1, F, inner] and
/// `prompt` [1, F, D], with one row more where the model has `bos_before_voice`.
pub(crate) fn mimi_encoder(g: &Graph, config: &Config) {
    let m = &g.scope("mimi");
    let audio = g.input(names::AUDIO, DType::F32, &[ONE, ONE, Dim::from("N")]);
    let x = pad_to_frames(&m.child("pad_for_conv1d"), &audio, config.mimi.frame_size());
    let x = seanet_encoder(&m.child("encoder"), &config.mimi.seanet, &x);

    let t = &m.child("encoder_transformer");
    let time = t.size(&x, 2);
    let positions = t.range(&t.ints(&[0]), &time);
    let keys = Keys::Windowed(Window::new(t, &time, config.mimi.transformer.context));
    let mut x = projected_transformer(t, &config.mimi.transformer, &x, &positions, &keys);
    let stride = config.mimi.positions_per_frame();
    if stride > 1 {
        x = conv_downsample1d(&m.child("downsample"), stride, &x);
    }
    let latents = m.transpose(&x, &[0, 2, 1]);

    let lm = g.scope("flow_lm");
    let speaker = lm.child("speaker_proj");
    let weight = lm.matrix("speaker_proj_weight");
    let prompt = speaker.linear_by(&speaker.squeeze(&latents, &[0]), &weight);
    let mut prompt = speaker.unsqueeze(&prompt, &[0]);
    let mut rows = "F";
    if config.flow_lm.insert_bos_before_voice {
        prompt = lm.concat(&[&lm.parameter("bos_before_voice"), &prompt], 1);
        rows = "F+1";
    }
    let inner = Dim::Fixed(config.mimi.inner_dim());
    g.output(
        names::LATENTS,
        &latents,
        DType::F32,
        &[ONE, Dim::from("F"), inner],
    );
    let width = Dim::Fixed(config.flow_lm.transformer.d_model);
    g.output(
        names::PROMPT,
        &prompt,
        DType::F32,
        &[ONE, Dim::from(rows), width],
    );
}

/// Counterpart of `pad_for_conv1d` in pocket-tts with kernel and stride of one frame: zeros on the right.
fn pad_to_frames(m: &Scope<'_>, x: &Value, frame_size: usize) -> Value {
    let frame = m.ints(&[frame_size as i64]);
    let samples = m.size(x, 2);
    let frames = m.div(&m.add(&samples, &m.ints(&[frame_size as i64 - 1])), &frame);
    let missing = m.sub(&m.mul(&frames, &frame), &samples);
    let zeros = m.zeros(&m.concat(&[&m.ints(&[1, 1]), &missing], 0));
    m.concat(&[x, &zeros], 2)
}

/// Counterpart of `MimiModel.decode_from_latent` and of the scaling in
/// `TTSModel._decode_audio_worker`: `latents` [1, F, ldim] as the sampler
/// leaves them -> `audio` [1, 1, `frame_size` * F].
///
/// `position` counts transformer positions, as upstream's `offset` does.
pub(crate) fn mimi_decoder(g: &Graph, states: &States<'_>, config: &Config) {
    let m = &g.scope("mimi");
    let lm = g.scope("flow_lm");
    let ldim = Dim::Fixed(config.mimi.latent_dim());
    let latents = g.input(names::LATENTS, DType::F32, &[ONE, Dim::from("F"), ldim]);
    let position = g.input(names::POSITION, DType::I64, &[ONE]);

    let scaled = lm.mul(&latents, &lm.parameter("emb_std"));
    let scaled = lm.add(&scaled, &lm.parameter("emb_mean"));
    let quantizer = m.child("quantizer");
    let mut x = (quantizer.child("output_proj")).conv(
        &quantizer.transpose(&scaled, &[0, 2, 1]),
        onnx::Convolution::default(),
    );
    let stride = config.mimi.positions_per_frame();
    let seanet = config.mimi.decoder_seanet();
    if stride > 1 {
        x = conv_tr_upsample1d(&m.child("upsample"), stride, seanet.dimension, &x, states);
    }

    let t = &m.child("decoder_transformer");
    let transformer = config.mimi.decoder_transformer();
    let context = transformer.context;
    let time = t.size(&x, 2);
    let end = t.add(&position, &time);
    let positions = t.range(&position, &end);
    let inner = t.child("transformer");
    let cache = KvCache::new(
        &inner,
        &StreamingTransformer::of_mimi(transformer),
        states,
        CacheUpdate::Last { context },
    );
    // What is cached ends where this call begins.
    let pos_k = t.range(&t.sub(&position, cache.len()), &end);
    let keys = Keys::Cached {
        mask: attention_mask(t, &positions, &pos_k, Some(context)),
        cache,
        watched: RefCell::default(),
    };
    let x = projected_transformer(t, transformer, &x, &positions, &keys);

    let d = &m.child("decoder");
    let first = || d.equal(&position, &d.ints(&[0]));
    let audio = seanet_decoder(d, seanet, &x, states, &first);
    let samples = format!("{}*F", config.mimi.frame_size());
    g.output(
        names::AUDIO,
        &audio,
        DType::F32,
        &[ONE, ONE, Dim::from(samples.as_str())],
    );
}

#[cfg(test)]
mod tests;
