//! Counterpart of pocket-tts `utils/weights_loading.py`: checkpoints in the training layout.
//!
//! Backbone and codec are in a file each, under other names than in the published checkpoint.
//! Renamed, and prefixed with `flow_lm.` and `mimi.`, they are the published checkpoint, so one
//! table describes both.

use std::collections::HashMap;

use crate::WeightsError;
use crate::entry::{CheckpointEntry, EntryValues};
use crate::file::TensorFile;

mod weight_norm;

pub(crate) use weight_norm::WeightNormReader;

/// The backbone's tensors: counterpart of `get_flow_lm_state_dict`.
pub(crate) fn flow_lm(file: &TensorFile) -> Result<Vec<CheckpointEntry>, WeightsError> {
    // A training checkpoint has them under their published names.
    if file.has("flow_lm.") {
        return Ok(published(file, |name| name.starts_with("flow_lm.")));
    }
    let entries = file.names().iter().filter_map(|name| {
        Some(CheckpointEntry {
            key: format!("flow_lm.{}", flow_lm_key(name)?),
            values: EntryValues::Plain(name.clone()),
        })
    });
    unique(file, entries.collect())
}

/// The codec's tensors: counterpart of `get_mimi_state_dict`.
pub(crate) fn mimi(file: &TensorFile) -> Result<Vec<CheckpointEntry>, WeightsError> {
    if file.has("mimi.") {
        return Ok(published(file, |name| name.starts_with("mimi.")));
    }
    let mut entries = Vec::new();
    for name in file.names() {
        let Some((key, is_lengths)) = mimi_key(name) else {
            continue;
        };
        let values = if is_lengths {
            weight_norm(file, name)?
        } else {
            EntryValues::Plain(name.clone())
        };
        entries.push(CheckpointEntry {
            key: format!("mimi.{key}"),
            values,
        });
    }
    unique(file, entries)
}

/// The wanted tensors of a file that has them under their published names.
pub(crate) fn published(file: &TensorFile, wanted: impl Fn(&str) -> bool) -> Vec<CheckpointEntry> {
    let names = file.names().iter().filter(|name| wanted(name));
    names
        .map(|name| CheckpointEntry {
            key: name.clone(),
            values: EntryValues::Plain(name.clone()),
        })
        .collect()
}

/// The published name, less its prefix; `None` for what speech does not need.
fn flow_lm_key(name: &str) -> Option<String> {
    let key = match name {
        "condition_provider.conditioners.transcript_in_segment.learnt_padding"
        | "condition_provider.conditioners.speaker_wavs.learnt_padding"
        | "num_ema_updates" => return None,
        _ if name.starts_with("flow.w_s_t.") => return None,
        "condition_provider.conditioners.transcript_in_segment.embed.weight" => {
            "conditioner.embed.weight"
        }
        "condition_provider.conditioners.speaker_wavs.output_proj.weight" => "speaker_proj_weight",
        "fuser.padding_value" => "bos_before_voice",
        other => other,
    };
    Some(key.replace(".self_attn.in_proj_weight", ".self_attn.in_proj.weight"))
}

/// The published name, less its prefix, and whether the tensor holds only the
/// lengths of a weight-normalized one; `None` for what speech does not need.
fn mimi_key(name: &str) -> Option<(String, bool)> {
    let skipped = name.starts_with("model.quantizer.vq.")
        || name == "model.quantizer.logvar_proj.weight"
        || name == "quantizer.logvar_proj.weight"
        || name.contains("_codebook")
        // Read together with its `weight_g`.
        || name.ends_with(".weight_v");
    if skipped {
        return None;
    }
    let convolution = |name: &str| {
        name.replace(".conv.conv.", ".conv.")
            .replace(".convtr.convtr.", ".convtr.")
    };
    // Upstream keeps the prefix `model.` here, and lets the comparison refuse it.
    if let Some(key) = name.strip_suffix("_g").filter(|k| k.ends_with(".weight")) {
        return Some((convolution(key), true));
    }
    let skipped = name == "wavlm_input_resample.kernel"
        || name == "wavlm_proj.weight"
        || name == "quantizer.logvar_param"
        || name.contains("wavlm_emb_downsample");
    if skipped {
        return None;
    }
    let key = convolution(name.strip_prefix("model.").unwrap_or(name));
    Some((key.replace("in_proj_weight", "in_proj.weight"), false))
}

/// Pairs the lengths `g` with their directions `v`.
fn weight_norm(file: &TensorFile, g: &str) -> Result<EntryValues, WeightsError> {
    let v = format!("{}_v", g.strip_suffix("_g").unwrap_or(g));
    let (Some(g_shape), Some(v_shape)) = (file.shape(g), file.shape(&v)) else {
        return Err(WeightsError::WithoutWeightV {
            path: file.path().to_owned(),
            g: g.to_owned(),
            v,
        });
    };
    if v_shape.first() != Some(&g_shape.iter().product()) {
        return Err(WeightsError::WeightNormShape {
            path: file.path().to_owned(),
            g: g.to_owned(),
            g_shape: g_shape.to_owned(),
            v_shape: v_shape.to_owned(),
            v,
        });
    }
    let g = g.to_owned();
    Ok(EntryValues::WeightNorm { g, v })
}

/// Refuses two tensors for one name; upstream would take the later.
fn unique(
    file: &TensorFile,
    entries: Vec<CheckpointEntry>,
) -> Result<Vec<CheckpointEntry>, WeightsError> {
    let mut seen = HashMap::new();
    for CheckpointEntry { key, values } in &entries {
        if let Some(first) = seen.insert(key, values.shaping()) {
            return Err(WeightsError::Collision {
                path: file.path().to_owned(),
                key: key.clone(),
                first: first.to_owned(),
                second: values.shaping().to_owned(),
            });
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backbone_names() {
        struct Case(&'static str, Option<&'static str>);
        let cases = [
            Case("flow.w_s_t.weight", None),
            Case("flow_w_s_t.weight", Some("flow_w_s_t.weight")),
            Case(
                "condition_provider.conditioners.transcript_in_segment.learnt_padding",
                None,
            ),
            Case(
                "condition_provider.conditioners.speaker_wavs.learnt_padding",
                None,
            ),
            Case("num_ema_updates", None),
            Case(
                "condition_provider.conditioners.transcript_in_segment.embed.weight",
                Some("conditioner.embed.weight"),
            ),
            Case(
                "condition_provider.conditioners.speaker_wavs.output_proj.weight",
                Some("speaker_proj_weight"),
            ),
            Case("fuser.padding_value", Some("bos_before_voice")),
            Case(
                "transformer.layers.3.self_attn.in_proj_weight",
                Some("transformer.layers.3.self_attn.in_proj.weight"),
            ),
            Case("out_norm.weight", Some("out_norm.weight")),
        ];
        let mut failures = Vec::new();
        for Case(name, expected) in cases {
            let actual = flow_lm_key(name);
            if actual.as_deref() != expected {
                failures.push((name, expected, actual));
            }
        }
        assert!(failures.is_empty(), "{failures:#?}");
    }

    #[test]
    fn codec_names() {
        struct Case(&'static str, Option<(&'static str, bool)>);
        let cases = [
            Case("model.quantizer.vq.layers.0.weight", None),
            Case("model.quantizer.logvar_proj.weight", None),
            Case("quantizer.logvar_proj.weight", None),
            Case("quantizer.rvq_first.layers.0._codebook.embed_sum", None),
            Case("encoder.model.0.conv.conv.weight_v", None),
            Case(
                "encoder.model.0.conv.conv.weight_g",
                Some(("encoder.model.0.conv.weight", true)),
            ),
            Case(
                "model.decoder.model.2.convtr.convtr.weight_g",
                Some(("model.decoder.model.2.convtr.weight", true)),
            ),
            Case("weight_g", Some(("weight_g", false))),
            Case("wavlm_emb_downsample.conv.conv.weight", None),
            Case("model.wavlm_emb_downsample.conv.conv.bias", None),
            Case("wavlm_input_resample.kernel", None),
            Case("wavlm_proj.weight", None),
            Case("quantizer.logvar_param", None),
            Case(
                "model.encoder.model.0.conv.conv.bias",
                Some(("encoder.model.0.conv.bias", false)),
            ),
            Case(
                "model.downsample.conv.conv.conv.weight",
                Some(("downsample.conv.conv.weight", false)),
            ),
            Case(
                "upsample.convtr.convtr.convtr.weight",
                Some(("upsample.convtr.convtr.weight", false)),
            ),
            Case(
                "model.encoder_transformer.transformer.layers.0.self_attn.in_proj_weight",
                Some((
                    "encoder_transformer.transformer.layers.0.self_attn.in_proj.weight",
                    false,
                )),
            ),
        ];
        let mut failures = Vec::new();
        for Case(name, expected) in cases {
            let actual = mimi_key(name);
            if actual.as_ref().map(|(key, g)| (key.as_str(), *g)) != expected {
                failures.push((name, expected, actual));
            }
        }
        assert!(failures.is_empty(), "{failures:#?}");
    }
}
