//! The files fit the registry's configuration.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::path::Path;

use checkpoint::{Checkpoint, CheckpointFiles, TokenizerFile, TokenizerKind};
use config::{Config, Variant};

#[test]
fn every_file_is_what_the_registry_says() {
    let variant = Variant::find(Variant::INCLUDED).unwrap();
    let config = variant.config();
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| std::fs::read(dir.join(name)).unwrap();

    // A copy of the registry's.
    let beside = String::from_utf8(read("config.yaml")).unwrap();
    assert_eq!(config, Config::from_yaml(&beside).unwrap());

    let weights = dir.join("model.safetensors");
    assert_eq!(read("model.safetensors"), starling::WEIGHTS);
    Checkpoint::open(&CheckpointFiles::Whole(weights), &config.tensors()).unwrap();

    assert_eq!(read("tokenizer.model"), starling::TOKENIZER);
    let table = &config.flow_lm.lookup_table;
    let kind = TokenizerKind::resolve(&table.tokenizer, "");
    let tokenizer = TokenizerFile::read(&dir.join("tokenizer.model"), kind).unwrap();
    tokenizer.check(table.n_bins).unwrap();

    for voice in variant.voices() {
        assert_eq!(
            starling::voice(voice.name).unwrap(),
            read(&format!("{}.wav", voice.name))
        );
    }
    let names: BTreeSet<_> = variant.voices().iter().map(|voice| voice.name).collect();
    assert!(starling::voice("alba").is_none() && !names.contains("alba"));
}
