//! `cargo xtask test`: every check and test, with what they need.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::run::{cargo, run, target};
use crate::{browser, codegen, setup, wasm};

/// Names the folder of checkpoints at the real size, where one was made.
const CHECKPOINTS: &str = "POCKET_ONNX_CHECKPOINTS";
/// Names a Python with `fixtures/tokenizers/requirements.txt`.
const PYTHON: &str = "POCKET_ONNX_PYTHON";
/// Names the folder of their records.
const RECORDS: &str = "POCKET_ONNX_RECORDS";

pub(crate) fn test() -> Result<()> {
    codegen::codegen(true)?;
    setup::setup()?;
    run(&mut cargo(&["fmt", "--check"]))?;
    run(&mut cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ]))?;
    run(&mut cargo(&["test", "--workspace"]))?;
    sentencepiece()?;
    run(Command::new("rustup").args(["target", "add", wasm::TARGET]))?;
    run(&mut cargo(&[
        "clippy",
        "--package",
        "pocket-onnx-wasm",
        "--target",
        wasm::TARGET,
        "--config",
        &wasm::flags(wasm::FASTEST),
        "--",
        "--deny",
        "warnings",
    ]))?;
    real_size()?;
    browser::browser()
}

/// The tokenizer against SentencePiece's own library.
fn sentencepiece() -> Result<()> {
    if env::var_os(PYTHON).is_none() {
        println!("not compared with SentencePiece: {PYTHON} names no Python that has it");
        return Ok(());
    }
    run(&mut cargo(&[
        "test",
        "--package",
        "tokenizer",
        "--features",
        "reference",
        "--test",
        "sentencepiece",
    ]))
}

/// The command itself, at the sizes of released models.
fn real_size() -> Result<()> {
    run(&mut cargo(&["build", "--package", "pocket-onnx"]))?;
    let command = target("debug").join("pocket-onnx");
    let scratch = tempfile::tempdir_in(target(""))?;
    let convert = |model: &[&str], out: &Path| {
        run(Command::new(&command)
            .arg("convert")
            .args(model)
            .arg("--output-dir")
            .arg(out))
    };
    let bundle = scratch.path().join("synthetic");
    convert(
        &["--variant", "english_2m_2026-10", "--synthetic", "1"],
        &bundle,
    )?;
    run(Command::new(&command).arg("verify").arg(&bundle))?;

    let (Some(checkpoints), Some(records)) = (env::var_os(CHECKPOINTS), env::var_os(RECORDS))
    else {
        println!("no records at the real size: {CHECKPOINTS} and {RECORDS} are not set");
        return Ok(());
    };
    let (checkpoints, records) = (PathBuf::from(checkpoints), PathBuf::from(records));
    let mut names: Vec<_> = fs::read_dir(&checkpoints)
        .with_context(|| format!("cannot read {}", checkpoints.display()))?
        .map(|entry| Ok(entry?.file_name()))
        .collect::<std::io::Result<_>>()?;
    names.sort();
    if names.is_empty() {
        bail!("{} holds no checkpoints", checkpoints.display());
    }
    for name in names {
        let checkpoint = checkpoints.join(&name);
        let bundle = scratch.path().join(&name);
        let file = |name: &str| checkpoint.join(name).to_string_lossy().into_owned();
        let model = [
            "--config",
            &file("config.yaml"),
            "--weights",
            &file("model.safetensors"),
            // The others are too far from the records.
            "--dtype",
            "f32",
        ];
        convert(&model, &bundle)?;
        run(Command::new(&command)
            .arg("verify")
            .arg(&bundle)
            .arg("--records")
            .arg(records.join(&name)))?;
        fs::remove_dir_all(&bundle)?;
    }
    Ok(())
}
