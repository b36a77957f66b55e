//! Published tensors under the names that training gives them.

#![allow(
    clippy::missing_panics_doc,
    reason = "a test fails where its input is wrong"
)]

use crate::tensors::{StoredTensor, widened};

/// What training adds and speech does not need. Some are stored as integers.
fn skipped(names: &[&str]) -> Vec<StoredTensor> {
    let tensors = names.iter();
    tensors
        .map(|name| StoredTensor::new(name, "I64", &[1], vec![1; 8]))
        .collect()
}

/// A published backbone under the names that training gives it.
pub fn to_training_flow_lm(tensors: &[StoredTensor]) -> Vec<StoredTensor> {
    let mut renamed = skipped(&[
        "flow.w_s_t.weight",
        "condition_provider.conditioners.transcript_in_segment.learnt_padding",
        "condition_provider.conditioners.speaker_wavs.learnt_padding",
        "num_ema_updates",
    ]);
    for tensor in tensors {
        let Some(name) = tensor.name.strip_prefix("flow_lm.") else {
            continue;
        };
        let name = match name {
            "conditioner.embed.weight" => {
                "condition_provider.conditioners.transcript_in_segment.embed.weight".to_owned()
            }
            "speaker_proj_weight" => {
                "condition_provider.conditioners.speaker_wavs.output_proj.weight".to_owned()
            }
            "bos_before_voice" => "fuser.padding_value".to_owned(),
            other => other.replace(".in_proj.weight", ".in_proj_weight"),
        };
        renamed.push(StoredTensor {
            name,
            ..tensor.clone()
        });
    }
    renamed
}

/// A published codec under the names that training gives it, with weight norm: each convolution has `weight_g`,
/// the length of its rows, and `weight_v`, their direction.
pub fn to_training_mimi(tensors: &[StoredTensor], prefix: &str) -> Vec<StoredTensor> {
    let mut renamed = skipped(&[
        "model.quantizer.vq.layers.0._codebook.embed",
        "quantizer.rvq_first.layers.0._codebook.cluster_usage",
        "model.quantizer.logvar_proj.weight",
        "quantizer.logvar_proj.weight",
        "quantizer.logvar_param",
        "wavlm_proj.weight",
        "wavlm_input_resample.kernel",
        "wavlm_emb_downsample.conv.conv.weight",
        "wavlm_emb_downsample.conv.conv.bias",
        "forgotten.weight_v",
    ]);
    for tensor in tensors {
        let Some(name) = tensor.name.strip_prefix("mimi.") else {
            continue;
        };
        let name = name
            .replace(".conv.", ".conv.conv.")
            .replace(".convtr.", ".convtr.convtr.")
            .replace(".in_proj.weight", ".in_proj_weight");
        if tensor.shape.len() < 3 || !name.contains("conv") || !tensor.name.contains(".model.") {
            renamed.push(StoredTensor {
                name: format!("{prefix}{name}"),
                ..tensor.clone()
            });
            continue;
        }
        // `_weight_norm` rounds to bf16, which hides the last bit of the quotient.
        let rows = tensor.shape[0];
        let lengths: Vec<f32> = widened(tensor)
            .chunks(tensor.bytes.len() / 2 / rows)
            .map(|row| {
                let squares: f64 = row.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
                squares.sqrt() as f32
            })
            .collect();
        renamed.push(StoredTensor::f32(
            &format!("{name}_g"),
            &[rows, 1, 1],
            &lengths,
        ));
        let doubled: Vec<f32> = widened(tensor).iter().map(|v| 2.0 * v).collect();
        renamed.push(StoredTensor::bf16(
            &format!("{name}_v"),
            &tensor.shape,
            &doubled,
        ));
    }
    renamed
}
