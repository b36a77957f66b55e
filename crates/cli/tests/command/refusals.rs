//! What is refused, by name, and leaves everything as it was.

#[path = "refusals/arguments.rs"]
mod arguments;
#[path = "refusals/configurations.rs"]
mod configurations;
#[path = "refusals/outputs.rs"]
mod outputs;
#[path = "refusals/weights.rs"]
mod weights;

use std::collections::BTreeMap;

use crate::sandbox::{Ran, Sandbox, TINY, names};

/// A folder with a bundle in `out` that no refusal may touch.
struct Guarded {
    sandbox: Sandbox,
    before: BTreeMap<String, Vec<u8>>,
    failures: Vec<String>,
}

impl Guarded {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        sandbox.run(&format!("{TINY} --output-dir out")).ok();
        let before = sandbox.files("out");
        Self {
            sandbox,
            before,
            failures: Vec::new(),
        }
    }

    /// Runs the command and takes down whether it fails with `code`, saying all of `parts`.
    fn refuses(&mut self, story: &str, line: &str, code: i32, parts: &[&str]) -> Ran {
        let names_before = names(&self.sandbox.path("."));
        let ran = self.sandbox.run(line);
        let told = ran.stderr.starts_with("error: ") && ran.says(parts);
        if ran.code != Some(code) || !ran.stdout.is_empty() || !told {
            self.failures
                .push(format!("{story}: expected {parts:?}: {ran}"));
        }
        let names_after = names(&self.sandbox.path("."));
        if names_after != names_before || self.sandbox.files("out") != self.before {
            self.failures
                .push(format!("{story}: leaves {names_after:?}"));
        }
        ran
    }

    /// The same for messages of one line, as all are but those that show a line of a file.
    fn refuses_in_one_line(&mut self, story: &str, line: &str, parts: &[&str]) {
        let ran = self.refuses(story, line, 1, parts);
        if ran.stderr.lines().count() != 1 {
            self.failures
                .push(format!("{story}: more than a line: {ran}"));
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(self.failures.is_empty(), "{}", self.failures.join("\n"));
        }
    }
}
