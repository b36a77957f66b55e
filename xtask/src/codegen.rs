//! Files that a program writes and the repository keeps: the ONNX types, the manifest's schema, its
//! TypeScript types, what `docs/bundle.md` says of the weight formats, what is said of the options
//! of speaking, and starling's configuration beside its other files.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::workspace;

mod formats;
mod options;
mod typescript;

/// Writes the generated files, or with `check` compares them with what is there.
pub(crate) fn codegen(check: bool) -> Result<()> {
    let schema = serde_json::to_value(bundle::Manifest::schema())?;
    let bundle_md = workspace().join("docs/bundle.md");
    let starling = workspace().join("crates/config/src/variant/starling.yaml");
    let readme = workspace().join("README.md");
    let package_readme = workspace().join("browser/README.md");
    formats::check_readme(&read(&readme)?)?;
    let files = [
        (workspace().join("crates/onnx/src/proto.rs"), onnx_types()?),
        (
            workspace().join("docs/manifest.schema.json"),
            format!("{}\n", serde_json::to_string_pretty(&schema)?),
        ),
        (
            workspace().join("browser/src/manifest-schema.ts"),
            typescript::types(&schema)?,
        ),
        (bundle_md.clone(), formats::bundle_md(&read(&bundle_md)?)?),
        (
            workspace().join("crates/wasm/src/options.d.ts"),
            options::interface(),
        ),
        (
            workspace().join("browser/src/checks/speech-options.ts"),
            options::kinds(),
        ),
        (
            workspace().join("browser/src/node/speech-options.ts"),
            options::of_npx(),
        ),
        (readme.clone(), options::command_table(&read(&readme)?)?),
        (
            package_readme.clone(),
            options::package_table(&read(&package_readme)?)?,
        ),
        // A packed crate has only files of its own folder, and Git on Windows has no links by default.
        (
            workspace().join("models/starling/config.yaml"),
            read(&starling)?,
        ),
    ];
    for (path, text) in files {
        if !check {
            std::fs::write(&path, text)
                .with_context(|| format!("cannot write {}", path.display()))?;
        } else if read(&path)? != text {
            bail!(
                "{} is out of date: run `cargo xtask codegen`",
                path.display()
            );
        }
    }
    Ok(())
}

fn read(path: &PathBuf) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
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
    Ok(std::fs::read_to_string(out.path().join("onnx.rs"))?)
}
