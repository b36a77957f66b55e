//! The tests of all crates.

use std::env;

use anyhow::Result;

use super::{Skipped, lint};
use crate::run::{cargo, run};
use crate::wasm;

/// Names a Python with `fixtures/tokenizers/requirements.txt`.
const PYTHON: &str = "POCKET_ONNX_PYTHON";
/// Names a folder with a checkpoint fresh from `torch.save`.
const TRAINING: &str = "POCKET_ONNX_TRAINING";

pub(super) fn test(skipped: &mut Skipped) -> Result<()> {
    lint()?;
    run(&mut cargo(&["test", "--workspace"]))?;
    if env::var_os(TRAINING).is_none() {
        let why = format!("{TRAINING} names no folder that fixtures/training/make.py wrote");
        skipped.add("a fresh training checkpoint", &why);
    }
    sentencepiece(skipped)?;
    run(&mut cargo(&[
        "clippy",
        "--package",
        "pocket-onnx-wasm",
        "--target",
        wasm::TARGET,
        "--config",
        &wasm::flags(wasm::FASTEST_FEATURES),
        "--",
        "--deny",
        "warnings",
    ]))
}

/// The tokenizer against SentencePiece's own library.
fn sentencepiece(skipped: &mut Skipped) -> Result<()> {
    if env::var_os(PYTHON).is_none() {
        let why = format!("{PYTHON} names no Python with fixtures/tokenizers/requirements.txt");
        skipped.add("the tokenizer against SentencePiece", &why);
        return Ok(());
    }
    run(&mut cargo(&[
        "test",
        "--workspace",
        "--features",
        "pocket-onnx-tokenizer/reference",
        "--test",
        "sentencepiece",
    ]))
}
