use std::collections::BTreeSet;

use super::{OptionKind, SpeechOptions, TypedValue};
use stretch::Speed;

/// All options with values that no model recommends.
fn unusual() -> SpeechOptions {
    SpeechOptions {
        seed: 7,
        temperature: 0.25,
        noise_clamp: Some(1.5),
        steps: 3,
        eos_threshold: -2.5,
        frames_after_eos: Some(4),
        max_tokens: 30,
        speed: Speed::new(1.25).unwrap(),
        words: true,
    }
}

fn plain() -> SpeechOptions {
    SpeechOptions {
        seed: 0,
        temperature: 0.7,
        noise_clamp: None,
        steps: 1,
        eos_threshold: -4.0,
        frames_after_eos: None,
        max_tokens: 50,
        speed: Speed::ONE,
        words: false,
    }
}

#[test]
fn every_option_is_set_as_it_is_given_back() {
    let mut options = plain();
    for (option, value) in unusual().values() {
        let value = value.unwrap_or_else(|| panic!("{} has no value", option.name));
        options.set(option.name, value).unwrap();
    }
    assert_eq!(options, unusual());
}

#[test]
fn what_is_off_has_no_value() {
    let without: Vec<_> = (plain().values().into_iter())
        .filter(|(_, value)| value.is_none())
        .map(|(option, _)| option.name)
        .collect();
    assert_eq!(without, ["noise_clamp", "frames_after_eos", "words"]);
}

#[test]
fn names_differ_for_every_host() {
    let names = |of: fn(&super::ListedOption) -> String| {
        let names: BTreeSet<_> = SpeechOptions::LIST.iter().map(of).collect();
        assert_eq!(names.len(), SpeechOptions::LIST.len(), "{names:?}");
        names
    };
    assert!(names(|it| it.name.to_owned()).contains("frames_after_eos"));
    assert!(names(super::ListedOption::js_name).contains("framesAfterEos"));
    assert!(names(super::ListedOption::command_name).contains("frames-after-eos"));
}

#[test]
fn sentences_read_well_in_every_place() {
    for option in SpeechOptions::LIST {
        let (help, cell) = (option.help(), option.cell());
        assert!(help.starts_with(char::is_uppercase), "{help}");
        assert_eq!(help.matches(". ").count(), 1, "{help}");
        assert!(help.ends_with('.') && !help.ends_with(".."), "{help}");
        assert!(cell.starts_with(char::is_lowercase), "{cell}");
        assert!(!cell.contains('|') && !cell.ends_with('.'), "{cell}");
        assert!(!help.contains("  ") && !help.contains('\n'), "{help}");
    }
}

#[test]
fn other_names_kinds_and_speeds_are_refused() {
    let mut options = plain();
    let mut refused = |name: &str, value| {
        let error = options.set(name, value).unwrap_err();
        error.to_string()
    };
    let told = [
        refused("rate", TypedValue::Number(1.0)),
        refused("seed", TypedValue::Number(1.0)),
        refused("temperature", TypedValue::Flag(true)),
        refused("words", TypedValue::Whole(1)),
        refused("speed", TypedValue::Number(3.0)),
    ];
    let expected = [
        "the option rate does not exist",
        "the option seed has to be a whole number from 0 on",
        "the option temperature has to be a number",
        "the option words has to be true or false",
        "the speed has to be a number from 0.5 to 2, not 3",
    ];
    assert_eq!(told, expected);
    assert_eq!(options, plain());
    assert_eq!(SpeechOptions::LIST[0].kind, OptionKind::Whole);
}
