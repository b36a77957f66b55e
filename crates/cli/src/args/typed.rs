//! Prepares the typed arguments for the parser.

use std::ffi::OsString;

/// Puts `--` before a text that begins with a dash, so that the parser takes it for a text: options
/// contain no space. `speak -5 degrees` without quotes stays an error.
pub(crate) fn typed(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut args: Vec<OsString> = args.into_iter().collect();
    if args.get(1).is_none_or(|command| command != "speak") || args.iter().any(|arg| arg == "--") {
        return args;
    }
    let is_text = |at: usize| {
        let text = args[at].to_str().is_some_and(is_text);
        text && !takes_value(args[at - 1].to_str().unwrap_or_default())
    };
    if let Some(at) = (2..args.len()).find(|&at| is_text(at)) {
        let text = args.remove(at);
        args.extend(["--".into(), text]);
    }
    args
}

/// Whether this is certainly not an option: true for `-5 degrees`, but not for `-o my.wav` or
/// `--voice=a b`.
fn is_text(arg: &str) -> bool {
    let Some(rest) = arg.strip_prefix('-') else {
        return false;
    };
    let word = rest.split(char::is_whitespace).next().unwrap_or_default();
    let is_short = rest.starts_with(char::is_alphabetic);
    word.len() < rest.len() && !is_short && !word.contains('=')
}

/// Whether the next argument is the value of this one.
fn takes_value(arg: &str) -> bool {
    let is_flag = matches!(
        arg,
        "--json" | "--normalize" | "--quiet" | "-q" | "--help" | "-h"
    );
    arg.starts_with('-') && !arg.contains('=') && !is_flag
}

#[cfg(test)]
mod tests {
    use super::typed;

    #[test]
    fn a_text_that_begins_with_a_dash_is_a_text() {
        let cases: [(&[&str], &[&str]); 9] = [
            (&["speak", "-5 degrees"], &["speak", "--", "-5 degrees"]),
            (
                &["speak", "-5 degrees", "-o", "a.wav"],
                &["speak", "-o", "a.wav", "--", "-5 degrees"],
            ),
            (
                &["speak", "--json", "-- Hi, she said."],
                &["speak", "--json", "--", "-- Hi, she said."],
            ),
            (&["speak", "--", "-5 a"], &["speak", "--", "-5 a"]),
            (&["speak", "-o my.wav"], &["speak", "-o my.wav"]),
            (&["speak", "--voice=a b"], &["speak", "--voice=a b"]),
            (&["speak", "--voice", "-5 a"], &["speak", "--voice", "-5 a"]),
            (&["speak", "-5"], &["speak", "-5"]),
            (&["verify", "-5 a"], &["verify", "-5 a"]),
        ];
        for (given, expected) in cases {
            let whole =
                |args: &[&str]| ["pocket-onnx"].iter().chain(args).map(Into::into).collect();
            let expected: Vec<std::ffi::OsString> = whole(expected);
            let given: Vec<std::ffi::OsString> = whole(given);
            assert_eq!(typed(given), expected);
        }
    }
}
