//! The registry against facts.json: what pocket-tts 4.0.1 itself reads from the YAML files that
//! it ships, its defaults filled in.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use config::{PredefinedVoice, Variant, VariantLanguage};
use serde_json::{Value, json};

fn facts() -> Value {
    serde_json::from_str(include_str!("facts.json")).unwrap()
}

#[test]
fn every_row_equals_the_shipped_configuration() {
    let facts = facts();
    let facts: BTreeMap<_, _> = facts["variants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fact| (fact["name"].as_str().unwrap(), fact))
        .collect();
    let names: BTreeSet<_> = Variant::released().map(|variant| variant.name).collect();
    assert_eq!(
        names.len(),
        Variant::released().count(),
        "a name occurs twice"
    );
    assert!(names.iter().eq(facts.keys()), "{names:?}");

    let mut failures = Vec::new();
    for variant in Variant::released() {
        let config = variant.config();
        assert_eq!(config.validate(), Ok(()), "{}", variant.name);
        let row = json!({
            "name": variant.name,
            "signature": variant.signature,
            "language": variant.language.name(),
            "tensors": config.tensors().len(),
            "values": variant.value_count(),
            "bf16_file": variant.download_size(),
            "default_voice": variant.default_voice(),
            "default_text": variant.default_text(),
            "alba": variant.predefined_voice_location("alba"),
            "config": config,
        });
        let fact = facts[variant.name];
        if &row != fact {
            failures.push(format!("{}:\n  is  {row}\n  not {fact}", variant.name));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_shape_has_its_known_size() {
    struct Case {
        values: u64,
        tensors: usize,
        layers: usize,
        variants: &'static [&'static str],
    }
    let case = |values, tensors, layers, variants| Case {
        values,
        tensors,
        layers,
        variants,
    };
    let cases = [
        case(117_856_962, 213, 6, &["english_2026-01"]),
        case(
            109_502_146,
            214,
            6,
            &[
                "english",
                "english_2026-04",
                "english_2026-09",
                "english_2026-09_2",
                "english_2026-10",
                "dutch",
                "french",
                "german",
                "italian",
                "portuguese",
                "spanish",
            ],
        ),
        case(
            336_068_290,
            358,
            24,
            &[
                "english_2026-04_24l",
                "english_2026-09_24l",
                "dutch_24l",
                "french_24l",
                "german_24l",
                "italian_24l",
                "portuguese_24l",
                "spanish_24l",
            ],
        ),
        case(108_712_386, 202, 6, &["english_drifting_26-09"]),
        case(
            27_923_058,
            303,
            8,
            &["english_18m_2026-10", "english_18m_refl_2026-10"],
        ),
        case(
            16_611_666,
            304,
            8,
            &["english_7m_2026-10", "english_7m_refl_2026-10"],
        ),
        case(
            11_671_934,
            224,
            8,
            &["english_2m_2026-10", "english_2m_refl_2026-10"],
        ),
    ];
    let mut seen = 0;
    for case in cases {
        for name in case.variants {
            let variant = Variant::find(name).unwrap();
            let tensors = variant.config().tensors().len();
            let known = (case.values, case.tensors, case.layers);
            let found = (variant.value_count(), tensors, variant.layers());
            assert_eq!(found, known, "{name}");
            seen += 1;
        }
    }
    assert_eq!(seen, Variant::released().count());
}

#[test]
fn voices_are_upstreams() {
    let voices: Value = PredefinedVoice::all()
        .iter()
        .map(|voice| (voice.name.to_owned(), Value::from(voice.origin)))
        .collect();
    assert_eq!(voices, facts()["voices"]);
    for language in VariantLanguage::ALL {
        let voice = language.default_voice();
        assert!(PredefinedVoice::find(voice).is_some(), "{voice}");
        assert!(Variant::find(language.name()).is_ok(), "{language}");
    }
    assert_eq!(PredefinedVoice::find("nobody"), None);
}

/// Besides upstream's there is the included one.
#[test]
fn starling_is_registered_apart_from_the_released_variants() {
    let others: Vec<_> = Variant::all()
        .iter()
        .filter(|it| it.is_included())
        .collect();
    let [starling] = others.as_slice() else {
        panic!("{others:?}");
    };
    assert_eq!(starling.name, Variant::INCLUDED);
    assert_eq!(Variant::all().len(), Variant::released().count() + 1);
    assert_eq!(Variant::find("starling"), Ok(*starling));
    let config = starling.config();
    assert_eq!(config.validate(), Ok(()));
    // Its files are in the program: there is nothing to fetch.
    assert_eq!(config.weights_path, None);
    assert_eq!(config.flow_lm.lookup_table.tokenizer_path, None);
    assert_eq!(starling.predefined_voice_location("robin"), None);
    let voices: Vec<_> = starling.voices().iter().map(|voice| voice.name).collect();
    assert!(voices.contains(&starling.default_voice()), "{voices:?}");
    // Upstream's voices are nothing to it.
    assert!(!voices.contains(&"alba"), "{voices:?}");
}

#[test]
fn variants_are_found_by_name_and_by_signature() {
    for (asked, name) in [
        (Variant::DEFAULT, "english_2026-01"),
        ("b6369a24", "english_2026-01"),
        ("a0ac5076", "english_2026-04"),
        ("french_24l", "french_24l"),
    ] {
        assert_eq!(Variant::find(asked).unwrap().name, name, "{asked}");
    }
}

#[test]
fn an_unknown_variant_is_answered_with_the_nearest() {
    for (asked, nearest) in [
        ("englsh", "english"),
        ("english-2026-01", "english_2026-01"),
        ("FRENCH", "french"),
        ("german24l", "german_24l"),
        ("portugese", "portuguese"),
    ] {
        let error = Variant::find(asked).unwrap_err();
        assert_eq!(error.nearest[0], nearest, "{error}");
        assert_eq!(error.nearest.len(), 3, "{error}");
    }
    for asked in ["", "\n\u{1b}[2J", &"x".repeat(10_000)] {
        let message = Variant::find(asked).unwrap_err().to_string();
        assert!(message.contains("`pocket-onnx variants`"), "{message}");
        assert!(!message.contains(char::is_control), "{message}");
    }
}
