//! Texts from someone who means harm, or who has made several mistakes at once.

use config::{Config, ConfigError};
use proptest::prelude::*;

use super::fixture;

#[test]
fn texts_that_are_no_configuration_are_refused() {
    let deep = "[".repeat(100_000);
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n".to_owned();
    let texts = [
        "",
        "\u{feff}",
        "\0",
        "null",
        "5",
        "[]",
        "{}",
        "{",
        "---\n---\n",
        "%YAML 3.0\n---\n{}",
        "? ",
        "!!binary x",
        "<<: *a",
        &deep,
        &bomb,
    ];
    for text in texts {
        let refused = matches!(Config::from_yaml(text), Err(ConfigError::Yaml(_)));
        assert!(refused, "{text:.100}");
    }
}

/// Values that a hostile or mistaken file may give to any key.
fn odd_value() -> impl Strategy<Value = String> {
    let texts = [
        "0",
        "1",
        "2",
        "3",
        "7",
        "16",
        "-1",
        "65535",
        "65536",
        "65537",
        "1048576",
        "4294967295",
        "4294967296",
        "18446744073709551615",
        "1e9",
        "1e-9",
        "1e308",
        ".nan",
        ".inf",
        "-.inf",
        "null",
        "~",
        "",
        "[]",
        "{}",
        "[0]",
        "[1]",
        "[1, 1]",
        "[4294967296, 4294967296]",
        "yes",
        "'x'",
        "*a",
        "&a 1",
        "!!int 3",
        "|",
        "\"",
        "\"\\ud800\"",
        "pointwise",
        "replicate",
    ];
    prop_oneof![
        prop::sample::select(texts.to_vec()).prop_map(str::to_owned),
        any::<u32>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| number.to_string()),
        ".{0,8}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn odd_values_never_panic(
        name in prop::sample::select(testkit::SMALL_MODELS.to_vec()),
        edits in prop::collection::vec((any::<prop::sample::Index>(), odd_value()), 1..4),
    ) {
        let mut lines: Vec<_> = fixture(name).lines().map(str::to_owned).collect();
        for (at, value) in edits {
            let line = at.get(&lines);
            let key = line.split_once(": ").map_or(line.as_str(), |(key, _)| key);
            let edited = format!("{key}: {value}");
            let index = at.index(lines.len());
            lines[index] = edited;
        }
        use_if_valid(&lines.join("\n"))?;
    }

    #[test]
    fn odd_characters_never_panic(
        name in prop::sample::select(testkit::SMALL_MODELS.to_vec()),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<char>()), 1..8),
    ) {
        let mut characters: Vec<_> = fixture(name).chars().collect();
        for (at, character) in edits {
            let index = at.index(characters.len());
            characters[index] = character;
        }
        use_if_valid(&characters.into_iter().collect::<String>())?;
    }
}

/// Whatever passes has to be fit for every use.
fn use_if_valid(text: &str) -> Result<(), TestCaseError> {
    let Ok(config) = Config::from_yaml(text) else {
        return Ok(());
    };
    prop_assert!(config.value_count() > 0);
    prop_assert!(config.download_size() > config.value_count());
    prop_assert!(
        config.mimi.frame_size()
            == config.mimi.positions_per_frame() * config.mimi.seanet.hop_length()
    );
    let written = config.to_yaml().unwrap();
    prop_assert_eq!(Config::from_yaml(&written), Ok(config));
    Ok(())
}
