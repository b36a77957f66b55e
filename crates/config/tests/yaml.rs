//! Reading and writing the YAML of a configuration.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use config::{Config, ConfigError, Variant};

#[path = "yaml/hostile.rs"]
mod hostile;

/// The text of a small model's configuration.
fn fixture(name: &str) -> String {
    std::fs::read_to_string(testkit::config_file(name)).unwrap()
}

#[test]
fn fixtures_and_variants_are_read_back_as_written() {
    let fixtures = testkit::SMALL_MODELS.map(|name| Config::from_yaml(&fixture(name)).unwrap());
    let variants = Variant::all().iter().map(Variant::config);
    for config in fixtures.into_iter().chain(variants) {
        let text = config.to_yaml().unwrap();
        assert_eq!(Config::from_yaml(&text).as_ref(), Ok(&config), "{text}");
    }
}

#[test]
fn texts_that_look_like_other_yaml_are_read_back_as_written() {
    let texts = [
        "",
        " ",
        "yes",
        "on",
        "null",
        "~",
        "12:30:45",
        "0o17",
        "010",
        "1e3",
        ".inf",
        "a: b",
        "- a",
        "#x",
        "x #y",
        "'",
        "\"",
        "\\",
        "\n",
        "a\nb",
        "\u{7f}",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "\0",
        "\u{1b}",
        "=",
        "<<",
        "2001-01-01",
        "!x",
        "&x",
        "*x",
        "%x",
        "@x",
        "`x",
        "|",
        ">",
        "{",
        "}",
        "[",
        "]",
        ",",
        "?",
        ":",
        "-",
        "---",
        "...",
        "😀",
        " before",
        "after ",
        "\t",
    ];
    let mut config = Config::from_yaml(&fixture("tiny_2026-01")).unwrap();
    for (index, text) in texts.into_iter().enumerate() {
        let printable = char::from(b'!' + index as u8);
        let texts = &mut config.replace_characters;
        texts.insert(printable, text.to_owned());
        texts.extend(text.chars().next().map(|odd| (odd, "x".to_owned())));
    }
    config.weights_path = Some("a folder/of: spaces # and signs/".repeat(4));
    config.default_temperature = 1e-9;
    config.default_eos_threshold = -1e22;
    let text = config.to_yaml().unwrap();
    assert_eq!(Config::from_yaml(&text), Ok(config), "{text}");
}

/// A change to a fixture that makes it no configuration.
struct Case {
    from: &'static str,
    to: &'static str,
    /// What the faulty line holds.
    line: &'static str,
    message: &'static str,
}

const fn case(
    from: &'static str,
    to: &'static str,
    line: &'static str,
    message: &'static str,
) -> Case {
    Case {
        from,
        to,
        line,
        message,
    }
}

#[rustfmt::skip] // one case a line
const MISTAKES: &[Case] = &[
    case("    dim: 32\n", "    dim: 32\n    dim: 33\n", "    dim: 33", "duplicate mapping key `dim`"),
    case("    dim: 32\n", "    dmi: 32\n", "    dmi: 32", "unknown field `dmi`, expected one of dim, depth, type"),
    case("    dim: 32\n    type: pointwise\n", "    type: pointwise\n", "    type: pointwise", "missing field `dim`"),
    case("    tokenizer_path: null\n", "", "    rank: 16", "missing field `tokenizer_path`"),
    case("d_model: 56", "d_model: fifty", "d_model: fifty", "expected a whole number"),
    case("d_model: 56", "d_model: -56", "d_model: -56", "neither negative"),
    case("d_model: 56", "d_model: 5.6", "d_model: 5.6", "expected a whole number"),
    case("d_model: 56", "d_model: 99999999999999999999", "d_model: 9999", "nor huge"),
    case("frame_rate: 12.5", "frame_rate: 12,5", "frame_rate: 12,5", "expected a number"),
    case("voice: true", "voice: yes", "voice: yes", "true or false expected"),
    case("dtype: float32", "dtype: 32", "dtype: 32", "value requires quoting"),
    case("dtype: float32", "dtype: null", "dtype: null", "null is not allowed here"),
    case("type: pointwise", "type: pointless", "type: pointless", "unknown variant `pointless`, expected one of lsd, flow_matching, drifting, pointwise"),
    case("pad_mode: constant", "pad_mode: reflect", "pad_mode: reflect", "unknown variant `reflect`"),
    case("weights_path: null", "weights_path: [a]", "weights_path: [a]", "expected string"),
    case("  –: ','", "  –—: ','", "  –—: ','", "only single character"),
    case("flow_lm:\n", "flow_lm\n", "flow_lm", "simple key expected ':'"),
    case("z_dim: 24", "z_dim: *width", "z_dim: *width", "unknown"),
    case("z_dim: 24", "z_dim: {24", "z_dim: {24", "expected string"),
    case("ratios:
", "ratios: [
", "    - 6", "only valid inside a block"),
];

#[test]
fn mistakes_are_shown_with_their_line() {
    let whole = fixture("tiny_2m");
    let mut failures = Vec::new();
    for &Case {
        from,
        to,
        line,
        message,
    } in MISTAKES
    {
        let text = whole.replacen(from, to, 1);
        assert_ne!(text, whole, "nothing changed by {to:?}");
        let number = 1 + text.lines().position(|at| at.contains(line)).unwrap();
        let shown = match Config::from_yaml(&text) {
            Err(ConfigError::Yaml(shown)) => shown,
            other => format!("{other:?}"),
        };
        let parts = [&format!("line {number} "), line, message];
        if !parts.iter().all(|&part| shown.contains(part)) {
            failures.push(format!("{to:?}: expected {parts:?} in {shown}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn impossible_values_are_refused_by_the_path_of_their_key() {
    let text = fixture("tiny_2m").replacen("attn_dim: 96", "attn_dim: 97", 1);
    assert_eq!(
        Config::from_yaml(&text).unwrap_err().to_string(),
        "flow_lm.transformer.attn_dim: is 97, which does not divide into 3 heads"
    );
}
