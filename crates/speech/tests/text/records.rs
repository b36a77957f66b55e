//! The recorded texts of the small models and of two released ones.

use std::collections::BTreeMap;

use config::{Config, Variant};
use serde::Deserialize;
use speech::{prepare_text_prompt, split_into_best_sentences};

use crate::support::{json, none, sentencepiece};

#[derive(Deserialize)]
struct TextRecords {
    prepare: Vec<Prepare>,
    split: Vec<Split>,
}

#[derive(Deserialize)]
struct Prepare {
    text: String,
    prepared: String,
    frames_after_eos: usize,
    token_ids: Vec<i64>,
}

#[derive(Deserialize)]
struct Split {
    text: String,
    max_tokens: usize,
    chunks: Vec<String>,
}

#[test]
fn recorded_texts_come_out_as_recorded() {
    let mut configs: BTreeMap<&str, Config> = (testkit::SMALL_MODELS.into_iter())
        .map(|name| (name, testkit::config(name).unwrap()))
        .collect();
    for name in ["english_2026-01", "english_2m_2026-10"] {
        configs.insert(name, Variant::find(name).unwrap().config());
    }
    let tokenizers = [("json", json()), ("sentencepiece", sentencepiece())];
    let mut failures = Vec::new();
    for (name, config) in configs {
        let options = config.text_options();
        let path = testkit::records(name).join("text_cases.json");
        let records: TextRecords =
            serde_json::from_slice(&testkit::unpacked(&path).unwrap()).unwrap();
        assert!(
            records.prepare.len() >= 20 && records.split.len() >= 10,
            "{name}"
        );
        for case in records.prepare {
            let prepared = prepare_text_prompt(&case.text, &options).unwrap();
            if prepared.text != case.prepared
                || prepared.frames_after_eos_guess + 2 != case.frames_after_eos
            {
                failures.push(format!("{name}: {:?}: {prepared:?}", case.text));
            }
            for (kind, tokenizer) in &tokenizers {
                let ids = tokenizer.encode(&case.prepared);
                if ids != case.token_ids {
                    failures.push(format!("{name}, {kind}: {:?}: {ids:?}", case.prepared));
                }
            }
        }
        for case in records.split {
            for (kind, tokenizer) in &tokenizers {
                let split =
                    split_into_best_sentences(tokenizer, &case.text, case.max_tokens, &options);
                if split.as_ref() != Ok(&case.chunks) {
                    failures.push(format!("{name}, {kind}: {:?}: {split:?}", case.text));
                }
            }
        }
    }
    none(&failures);
}
