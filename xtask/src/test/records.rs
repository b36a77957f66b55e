//! The command itself, at the sizes of released models.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::Skipped;
use crate::run::{build_command, run, target};

/// Names the folder of checkpoints at the real size, where one was made.
const CHECKPOINTS: &str = "POCKET_ONNX_CHECKPOINTS";
/// Names the folder of their records.
const RECORDS: &str = "POCKET_ONNX_RECORDS";

pub(super) fn test(skipped: &mut Skipped) -> Result<()> {
    let command = build_command()?;
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
        let why = format!("{CHECKPOINTS} and {RECORDS} are not set (fixtures/records/README.md)");
        skipped.add("records at the real size", &why);
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
