//! Configurations as other programs write YAML; `dumps/make_dumps.py` made the files with the
//! libraries themselves.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use config::Config;

macro_rules! dump {
    ($name:literal) => {
        ($name, include_str!(concat!("dumps/", $name, ".yaml")))
    };
}

const DUMPS: [(&str, &str); 12] = [
    dump!("pyyaml_safe"),
    dump!("pyyaml_unicode_unsorted"),
    dump!("pyyaml_flow"),
    dump!("pyyaml_quoted"),
    dump!("pyyaml_canonical"),
    dump!("pyyaml_explicit"),
    dump!("ruamel_round_trip"),
    dump!("ruamel_safe"),
    dump!("omegaconf"),
    dump!("json"),
    // A tuple is a list.
    dump!("pyyaml_tuple"),
    dump!("windows"),
];

/// What the script changed.
fn expected() -> Config {
    let text = include_str!("../../../fixtures/configs/tiny_2m.yaml");
    let mut config = Config::from_yaml(text).unwrap();
    config.default_eos_threshold = -4e-7;
    config.mimi.transformer.layer_scale = 1e-5;
    for (from, to) in [
        ('\u{2014}', ", "),
        ('é', "e"),
        ('1', "one"),
        ('~', "null"),
        ('y', "yes"),
    ] {
        config.replace_characters.insert(from, to.to_owned());
    }
    config
}

#[test]
fn every_librarys_dump_is_the_same_configuration() {
    let expected = Ok(expected());
    let wrong: Vec<_> = DUMPS
        .iter()
        .map(|(name, text)| (name, Config::from_yaml(text)))
        .filter(|(_, config)| *config != expected)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
