//! What docs/server.md and packaging/ say works as it stands there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Api;
use crate::sandbox::Sandbox;

/// Where the documents' server listens.
const ADDRESS: &str = "http://127.0.0.1:8000";

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(name: &str) -> String {
    fs::read_to_string(repository().join(name)).unwrap()
}

/// The commands in a document's blocks for the shell, each on one line.
fn commands(document: &str) -> Vec<String> {
    let mut commands = Vec::new();
    for block in document.split("```sh\n").skip(1) {
        let block = block.split("```").next().unwrap().replace("\\\n", " ");
        let lines = block.lines().filter(|line| !line.trim().is_empty());
        commands.extend(lines.map(str::to_owned));
    }
    commands
}

#[test]
fn curl_gets_what_the_document_says() {
    let api = Api::start("--metrics --api-key secret");
    let lines: Vec<_> = commands(&read("docs/server.md"))
        .into_iter()
        .filter(|line| line.starts_with("curl "))
        .collect();
    assert!(lines.len() >= 6, "{lines:?}");
    for line in lines {
        let line = line.replace(ADDRESS, &format!("http://{}", api.address));
        let line = line.replacen("curl ", "curl --silent --show-error --fail ", 1);
        // As with a server without a key, which the first examples have.
        let line = format!("{line} -H 'Authorization: Bearer secret'");
        let mut shell = Command::new("sh");
        let output = shell
            .args(["-c", &line])
            .current_dir(api.sandbox.path("."))
            .output();
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {said}");
        // Sound goes into a file, anything else to the terminal.
        let mut words = line.split_whitespace().skip_while(|word| *word != "-o");
        if let Some(name) = words.nth(1) {
            let samples = api.decode(name, &fs::read(api.sandbox.path(name)).unwrap());
            assert!(samples.len() > 4800, "{line}: {} samples", samples.len());
        } else {
            assert!(!output.stdout.is_empty(), "{line}");
        }
    }
}

/// The arguments after `pocket-onnx` in each command of the documents and the packaging exist.
#[test]
fn documented_options_exist() {
    let sandbox = Sandbox::new();
    let document = read("docs/server.md");
    let unit = read("packaging/pocket-onnx.service");
    let unit = unit
        .lines()
        .filter_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/"));
    let all: Vec<_> = commands(&document)
        .into_iter()
        .chain(unit.map(str::to_owned))
        .filter_map(|line| line.strip_prefix("pocket-onnx ").map(str::to_owned))
        .collect();
    assert!(all.len() >= 4, "{all:?}");
    for line in all {
        let line = line.split('#').next().unwrap().trim();
        // Arguments are read before help is given.
        let ran = sandbox.run(&format!("{line} --help"));
        assert_eq!(ran.code, Some(0), "{line}: {ran}");
    }
    let help = sandbox.run("serve --help").ok().stdout;
    let named = document.split('`').skip(1).step_by(2).filter_map(|code| {
        let option = code.split([' ', '=']).next()?;
        option.strip_prefix("--").map(str::to_owned)
    });
    for option in named {
        assert!(help.contains(&format!("--{option}")), "--{option}");
    }
}
