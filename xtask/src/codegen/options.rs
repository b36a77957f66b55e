//! The options of speaking for people and for TypeScript, from the list in `speech`.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use speech::{OptionKind, SpeechOptions};

const WRITTEN: &str =
    "// Written by `cargo xtask codegen` from the table in crates/speech/src/options.rs.\n";

/// The interface that the wasm module declares.
pub(super) fn interface() -> String {
    let mut text = WRITTEN.to_owned();
    text.push_str(
        "\n/** How an utterance is to be spoken. What is not given is the model's own. */\n\
         export interface SpeechOptions {\n",
    );
    for option in SpeechOptions::LIST {
        let (help, name) = (option.help(), option.js_name());
        let kind = match option.kind {
            OptionKind::Whole | OptionKind::Number => "number",
            OptionKind::Flag => "boolean",
        };
        // Writing to a string cannot fail.
        let _ = write!(text, "  /** {help} */\n  {name}?: {kind} | undefined;\n");
    }
    text.push_str("}\n");
    text
}

/// What the package checks the options by.
pub(super) fn kinds() -> String {
    let mut text = WRITTEN.to_owned();
    text.push_str(
        "\nimport type { SpeechOptions } from \"../../wasm/simd/pocket_onnx.js\";\n\n\
         /** What the values of each option of speaking are. */\n\
         export const SPEECH_OPTIONS = {\n",
    );
    for option in SpeechOptions::LIST {
        let kind = match option.kind {
            OptionKind::Whole => "whole",
            OptionKind::Number => "number",
            OptionKind::Flag => "flag",
        };
        let _ = writeln!(text, "  {}: \"{kind}\",", option.js_name());
    }
    text.push_str("} as const satisfies Record<keyof SpeechOptions, string>;\n");
    text
}

/// The options of the package's own command.
pub(super) fn of_npx() -> String {
    let mut text = WRITTEN.to_owned();
    text.push_str(
        "\nimport type { SpeechOptions } from \"../../wasm/simd/pocket_onnx.js\";\n\n\
         /** Options of speaking on the command line: names, what stands for a value there, what they do. */\n\
         export const SPEECH_OPTIONS = {\n",
    );
    for option in SpeechOptions::LIST {
        if let Some(value) = option.command {
            let (js, name, help) = (option.js_name(), option.command_name(), option.help());
            // As JSON, which JavaScript reads.
            let [name, value, help] = [&name, value, &help].map(|text| serde_json::json!(text));
            let _ = writeln!(
                text,
                "  {js}: {{ name: {name}, value: {value}, help: {help} }},"
            );
        }
    }
    text.push_str(
        "} as const satisfies Partial<Record<keyof SpeechOptions, { name: string; value: string; help: string }>>;\n",
    );
    text
}

/// The command's README, with the rows of its table as the list has them.
pub(super) fn command_table(readme: &str) -> Result<String> {
    let options = SpeechOptions::LIST.iter();
    let rows = options.filter_map(|option| {
        let first = format!("`--{} {}`", option.command_name(), option.command?);
        Some((first, option.cell()))
    });
    with_rows("README.md", readme, rows)
}

/// The package's README, likewise.
pub(super) fn package_table(readme: &str) -> Result<String> {
    let rows = SpeechOptions::LIST
        .iter()
        .map(|option| (format!("`{}`", option.js_name()), option.cell()));
    with_rows("browser/README.md", readme, rows)
}

/// Puts the second cells of rows where the first ones are, each of which has to be there once.
fn with_rows(
    name: &str,
    text: &str,
    rows: impl Iterator<Item = (String, String)>,
) -> Result<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (first, second) in rows {
        let start = format!("| {first} |");
        let mut found = lines.iter_mut().filter(|line| line.starts_with(&start));
        let (Some(line), None) = (found.next(), found.next()) else {
            bail!("{name} needs one row `{start}`, for an option of crates/speech/src/options.rs");
        };
        *line = format!("{start} {second} |");
    }
    Ok(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(first: &str) -> impl Iterator<Item = (String, String)> {
        [(first.to_owned(), "new".to_owned())].into_iter()
    }

    #[test]
    fn rows_are_found_by_their_first_cell() {
        let table = "| `seed` | old |\n| `seeds` | kept |\n";
        let written = with_rows("X", table, row("`seed`")).unwrap();
        assert_eq!(written, "| `seed` | new |\n| `seeds` | kept |\n");
    }

    #[test]
    fn a_row_that_is_missing_or_twice_is_named() {
        for table in ["| `other` | old |\n", "| `seed` | a |\n| `seed` | b |\n"] {
            let error = with_rows("X", table, row("`seed`")).unwrap_err();
            assert!(
                error.to_string().contains("X needs one row `| `seed` |`"),
                "{error}"
            );
        }
    }
}
