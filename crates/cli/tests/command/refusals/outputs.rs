//! Output folders that are not to be written, or cannot be.

use std::fs;

use super::Guarded;
use crate::sandbox::{REAL, Ran, Sandbox, TINY};

#[test]
fn the_files_of_others_are_left_alone() {
    struct Case {
        story: &'static str,
        /// Files that are there before.
        files: &'static [&'static str],
        output: &'static str,
        says: &'static [&'static str],
    }
    let cases = [
        Case {
            story: "a folder of photos",
            files: &["photos/b.jpg", "photos/a.jpg"],
            output: "photos",
            says: &[
                "photos holds files",
                "(a.jpg, b.jpg)",
                "choose an empty folder",
            ],
        },
        Case {
            story: "graphs without a manifest",
            files: &["graphs/flow_lm.onnx"],
            output: "graphs",
            says: &["(flow_lm.onnx)"],
        },
        Case {
            story: "the manifest of another program",
            files: &["mine/manifest.json", "mine/tokenizer.json"],
            output: "mine",
            says: &["(manifest.json, tokenizer.json)"],
        },
        Case {
            story: "a file",
            files: &["file"],
            output: "file",
            says: &["file cannot be an output folder"],
        },
        Case {
            story: "a file in the path",
            files: &["file"],
            output: "file/out",
            says: &["file/out cannot be an output folder"],
        },
        Case {
            story: "here",
            files: &[],
            output: ".",
            says: &["holds files that are not a bundle's"],
        },
        Case {
            story: "everything",
            files: &[],
            output: "/",
            says: &["error: /"],
        },
    ];
    let mut guarded = Guarded::new();
    for case in cases {
        for file in case.files {
            guarded.sandbox.write(file, *file);
        }
        for convert in [REAL, "convert --variant english"] {
            let line = format!("{convert} --output-dir {}", case.output);
            guarded.refuses_in_one_line(case.story, &line, case.says);
        }
        for file in case.files {
            assert_eq!(guarded.sandbox.read(file), *file, "{}", case.story);
        }
    }
}

/// Not even the superuser makes folders there.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let mut guarded = Guarded::new();
    for output in ["/proc/self/out", "/proc/new/out"] {
        let line = format!("{REAL} --output-dir {output}");
        guarded.refuses_in_one_line(output, &line, &["cannot write /proc"]);
    }
    let long = "x".repeat(256);
    let line = format!("{REAL} --output-dir {long}");
    guarded.refuses_in_one_line("too long a name", &line, &["cannot write", &long]);
}

/// As on a full disk, at several places of the bundle.
#[cfg(unix)]
#[test]
fn a_write_that_fails_leaves_the_old_bundle() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!("{TINY} --output-dir out --dtype f32"))
        .ok();
    let before = sandbox.files("out");
    let largest = before.values().map(Vec::len).max().unwrap();
    let mut named = Vec::new();
    // In blocks of 512 or of 1024 bytes, as the shell likes.
    for blocks in [0, 1, 8, 40, 200, 900] {
        assert!(blocks * 1024 < largest);
        let mut shell = sandbox.program("sh");
        let limit = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
        shell.args(["-c", &limit, "sh", env!("CARGO_BIN_EXE_pocket-onnx")]);
        let line = format!("{REAL} --output-dir out --dtype f32");
        let ran = sandbox.finish(&line, shell.args(line.split_whitespace()));
        let error = ran.error();
        assert!(
            error.starts_with("cannot write ") && error.contains("too large"),
            "{blocks}: {ran}"
        );
        assert_eq!(sandbox.files("out"), before, "{blocks}: {ran}");
        let file = error
            .split([' ', ':'])
            .find_map(|word| word.rsplit_once('/'));
        named.push(file.unwrap().1.to_owned());
    }
    named.dedup();
    assert!(named.len() > 1, "always at the same place: {named:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn results_that_cannot_be_printed_are_a_failure() {
    let sandbox = Sandbox::new();
    sandbox.run(&format!("{TINY} --output-dir out")).ok();
    for line in ["variants", "inspect out", "verify out", "variants english"] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let output = sandbox.command(line).stdout(full).output().unwrap();
        let ran = Ran::new(line, output);
        assert_eq!(ran.code, Some(1), "{ran}");
        assert!(
            ran.says(&["error: cannot write to standard output: "]),
            "{ran}"
        );
    }
}
