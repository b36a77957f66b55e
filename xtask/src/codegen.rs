//! Files that a program writes and the repository keeps: the ONNX types, the manifest's schema, and
//! what is said of the options of speaking.

mod options;

use std::fs;

use anyhow::{Context, Result, bail};

use crate::workspace;

/// Writes the generated files, or with `check` compares them with what is there.
pub(crate) fn codegen(check: bool) -> Result<()> {
    let files = [
        (workspace().join("crates/onnx/src/proto.rs"), onnx_types()?),
        (
            workspace().join("docs/manifest.schema.json"),
            manifest_schema()?,
        ),
        (
            workspace().join("crates/wasm/src/options.d.ts"),
            options::interface(),
        ),
        (
            workspace().join("browser/src/checks/speech-options.ts"),
            options::kinds(),
        ),
        (
            workspace().join("README.md"),
            options::command_table(&read("README.md")?)?,
        ),
        (
            workspace().join("browser/README.md"),
            options::package_table(&read("browser/README.md")?)?,
        ),
    ];
    for (path, text) in files {
        if !check {
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
            continue;
        }
        let kept =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if kept != text {
            bail!(
                "{} is out of date: run `cargo xtask codegen`",
                path.display()
            );
        }
    }
    Ok(())
}

fn read(name: &str) -> Result<String> {
    fs::read_to_string(workspace().join(name)).with_context(|| format!("cannot read {name}"))
}

/// Rust types of `onnx-ml.proto`.
fn onnx_types() -> Result<String> {
    let proto = workspace().join("crates/onnx/proto");
    let descriptors = protox::compile(["onnx-ml.proto"], [&proto])?;
    let out = tempfile::tempdir()?;
    prost_build::Config::new()
        .bytes(["."])
        .disable_comments(["."])
        .out_dir(out.path())
        .compile_fds(descriptors)?;
    Ok(fs::read_to_string(out.path().join("onnx.rs"))?)
}

fn manifest_schema() -> Result<String> {
    let mut text = serde_json::to_string_pretty(&bundle::Manifest::schema())?;
    text.push('\n');
    Ok(text)
}
