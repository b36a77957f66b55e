//! The settings next to an adapter's tensors: its kind, rank and scale.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::AdapterError;

/// Who wrote an adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AdapterWriter {
    /// The `peft` library.
    Peft,
    /// ownvoice-cli.
    Ownvoice,
    /// The `pocket-tts-finetune` scripts.
    Finetune,
}

/// By how much an adapter changes a weight: `W + scale * B A`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct AdapterSettings {
    pub(super) rank: usize,
    pub(super) scale: f64,
}

/// Options of PEFT that make an adapter something other than `W + scale * B A`, or that give
/// tensors different ranks.
const NOT_PLAIN: [&str; 14] = [
    "alora_invocation_tokens",
    "alpha_pattern",
    "arrow_config",
    "fan_in_fan_out",
    "kasa_config",
    "layer_replication",
    "lora_bias",
    "megatron_config",
    "rank_pattern",
    "target_parameters",
    "trainable_token_indices",
    "use_bdlora",
    "use_dora",
    "use_qalora",
];

/// Initialisations that leave the base weights unchanged. Others subtract something from them, so
/// the adapter would not fit the weights that it is merged into.
const PLAIN_STARTS: [&str; 3] = ["eva", "gaussian", "orthogonal"];

impl AdapterWriter {
    pub(super) const ALL: [Self; 3] = [Self::Peft, Self::Ownvoice, Self::Finetune];

    /// Name of the file of tensors.
    pub(super) fn weights(self) -> &'static str {
        match self {
            Self::Peft => "adapter_model.safetensors",
            Self::Ownvoice => "adapter.safetensors",
            Self::Finetune => "finetuned_weights.safetensors",
        }
    }

    /// Name of the file of settings.
    pub(super) fn settings(self) -> &'static str {
        match self {
            Self::Peft => "adapter_config.json",
            Self::Ownvoice => "metadata.json",
            Self::Finetune => "lora_config.json",
        }
    }

    /// Reads the file of settings.
    pub(super) fn read(self, path: &Path) -> Result<AdapterSettings, AdapterError> {
        let refused = |reason: String| AdapterError::Settings {
            path: path.to_owned(),
            reason,
        };
        let text = fs::read_to_string(path).map_err(|source| AdapterError::Read {
            path: path.to_owned(),
            source,
        })?;
        let json = serde_json::from_str(&text).map_err(|error| refused(error.to_string()))?;
        self.parse(&json).map_err(refused)
    }

    fn parse(self, json: &Value) -> Result<AdapterSettings, String> {
        let (rank, alpha, stabilised) = match self {
            Self::Peft => {
                check_plain(json)?;
                let stabilised = json.get("use_rslora").is_some_and(is_set);
                (json.get("r"), json.get("lora_alpha"), stabilised)
            }
            Self::Ownvoice => {
                let config = json.get("config");
                let entry = |name| config.and_then(|config| config.get(name));
                (entry("lora_rank"), entry("lora_alpha"), false)
            }
            Self::Finetune => (json.get("r"), json.get("alpha"), false),
        };
        let rank = rank.and_then(Value::as_u64).filter(|&rank| rank > 0);
        let rank = rank.and_then(|rank| usize::try_from(rank).ok());
        let rank = rank.ok_or("it names no rank")?;
        let alpha = alpha.and_then(Value::as_f64);
        let alpha = alpha.filter(|alpha| alpha.is_finite());
        let alpha = alpha.ok_or("it names no alpha")?;
        let divisor = if stabilised {
            (rank as f64).sqrt()
        } else {
            rank as f64
        };
        Ok(AdapterSettings {
            rank,
            scale: alpha / divisor,
        })
    }
}

/// Refuses everything but plain LoRA.
fn check_plain(json: &Value) -> Result<(), String> {
    let kind = json.get("peft_type").and_then(Value::as_str);
    if kind != Some("LORA") {
        let kind = kind.unwrap_or("of no kind");
        return Err(format!(
            "it is {kind}, and only LoRA can be merged here: merge it with peft (merge_and_unload)"
        ));
    }
    let set = NOT_PLAIN
        .iter()
        .find(|option| json.get(**option).is_some_and(is_set));
    if let Some(option) = set {
        return Err(format!(
            "{option} is set, and only plain LoRA can be merged here: merge it with peft (merge_and_unload)"
        ));
    }
    match json.get("init_lora_weights").and_then(Value::as_str) {
        Some(start) if !PLAIN_STARTS.contains(&start) => Err(format!(
            "init_lora_weights is {start}, which changes the base weights too: convert it to plain LoRA \
             with peft (save_pretrained with path_initial_model_for_weight_conversion)"
        )),
        _ => Ok(()),
    }
}

/// Whether Python would treat a value as true.
fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(set) => *set,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(entries) => !entries.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_understood_or_refused() {
        struct Case {
            writer: AdapterWriter,
            json: Value,
            gives: Result<(usize, f64), &'static str>,
        }
        let peft = |option: &str, value: Value| {
            let mut json = json!({"peft_type": "LORA", "r": 4, "lora_alpha": 8});
            json[option] = value;
            json
        };
        let cases = [
            Case {
                writer: AdapterWriter::Peft,
                json: peft("use_dora", json!(false)),
                gives: Ok((4, 2.0)),
            },
            Case {
                writer: AdapterWriter::Peft,
                json: peft("use_rslora", json!(true)),
                gives: Ok((4, 4.0)),
            },
            Case {
                writer: AdapterWriter::Peft,
                json: peft("rank_pattern", json!({})),
                gives: Ok((4, 2.0)),
            },
            Case {
                writer: AdapterWriter::Peft,
                json: peft("rank_pattern", json!({"in_proj": 8})),
                gives: Err("rank_pattern is set"),
            },
            Case {
                writer: AdapterWriter::Peft,
                json: peft("use_dora", json!(true)),
                gives: Err("use_dora is set"),
            },
            Case {
                writer: AdapterWriter::Peft,
                json: peft("peft_type", json!("LOHA")),
                gives: Err("it is LOHA"),
            },
            Case {
                writer: AdapterWriter::Peft,
                json: peft("peft_type", json!(null)),
                gives: Err("it is of no kind"),
            },
            Case {
                writer: AdapterWriter::Peft,
                json: peft("init_lora_weights", json!("pissa_niter_4")),
                gives: Err("changes the base weights"),
            },
            Case {
                writer: AdapterWriter::Peft,
                json: peft("init_lora_weights", json!("gaussian")),
                gives: Ok((4, 2.0)),
            },
            Case {
                writer: AdapterWriter::Peft,
                json: peft("r", json!(0)),
                gives: Err("no rank"),
            },
            Case {
                writer: AdapterWriter::Peft,
                json: peft("lora_alpha", json!("8")),
                gives: Err("no alpha"),
            },
            Case {
                writer: AdapterWriter::Ownvoice,
                json: json!({"config": {"lora_rank": 8, "lora_alpha": 16}}),
                gives: Ok((8, 2.0)),
            },
            Case {
                writer: AdapterWriter::Ownvoice,
                json: json!({"lora_rank": 8}),
                gives: Err("no rank"),
            },
            Case {
                writer: AdapterWriter::Finetune,
                json: json!({"r": 32, "alpha": 16}),
                gives: Ok((32, 0.5)),
            },
        ];
        let mut failures = Vec::new();
        for Case {
            writer,
            json,
            gives,
        } in cases
        {
            match (writer.parse(&json), gives) {
                (Ok(it), Ok((rank, scale)))
                    if it.rank == rank && (it.scale - scale).abs() < 1e-12 => {}
                (Err(error), Err(says)) if error.contains(says) => {}
                (actual, _) => failures.push((json, gives, actual)),
            }
        }
        assert!(failures.is_empty(), "{failures:#?}");
    }
}
