//! The crates as a registry gets them: each is packed, all are small enough, and the command that is
//! built from the packed ones alone speaks with nothing beside it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use flate2::read::GzDecoder;
use tar::Archive;
use tempfile::TempDir;

use crate::run::{cargo, run, target};

/// Crates that are not published.
const UNPUBLISHED: [&str; 7] = [
    "pocket-onnx-normalize-wasm",
    "pocket-onnx-encode-wasm",
    "pocket-onnx-playback",
    "pocket-onnx-roofline",
    "pocket-onnx-wasm",
    "testkit",
    "xtask",
];
/// What crates.io takes at most, in bytes.
const LARGEST_PACKAGE: u64 = 10 << 20;
/// The installed command says two words: what is not optimised is compiled in half the time.
const PROFILE: &str = "
[profile.dev]
debug = false

[profile.dev.package.pocket-onnx-kernels]
opt-level = 3
";
/// The crate of the command.
const COMMAND_CRATE: &str = "pocket-onnx-cli";

pub(super) fn test() -> Result<()> {
    let packages = pack()?;
    let sources = target("packed");
    unpack(&packages, &sources)?;
    let installed = target("installed");
    let command = sources.join(folder(&sources, COMMAND_CRATE)?);
    run(cargo(&["install", "--debug", "--force", "--path"])
        .arg(&command)
        .arg("--root")
        .arg(&installed)
        // Macros and build scripts are compiled once for both.
        .env("CARGO_TARGET_DIR", target("")))?;
    let empty = TempDir::new()?;
    let speech = empty.path().join("hello.wav");
    let mut speak = std::process::Command::new(installed.join("bin").join("pocket-onnx"));
    speak.args(["speak", "Hello world.", "--seed", "1", "--output"]);
    run(speak
        .arg(&speech)
        .current_dir(empty.path())
        .env("HF_HUB_OFFLINE", "1"))?;
    let bytes = fs::metadata(&speech)?.len();
    ensure!(
        bytes > 20_000,
        "the installed command wrote {bytes} bytes of sound"
    );
    Ok(())
}

/// Packs all published crates, and returns their files.
fn pack() -> Result<Vec<PathBuf>> {
    let packed = target("package");
    if packed.exists() {
        fs::remove_dir_all(&packed)?;
    }
    let mut package = cargo(&["package", "--workspace", "--no-verify", "--allow-dirty"]);
    for name in UNPUBLISHED {
        package.args(["--exclude", name]);
    }
    run(&mut package)?;
    let mut packages = Vec::new();
    for entry in fs::read_dir(&packed)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "crate") {
            let bytes = fs::metadata(&path)?.len();
            ensure!(
                bytes <= LARGEST_PACKAGE,
                "{} has {bytes} bytes: crates.io takes {LARGEST_PACKAGE}",
                path.display()
            );
            packages.push(path);
        }
    }
    ensure!(!packages.is_empty(), "{} is empty", packed.display());
    packages.sort();
    Ok(packages)
}

/// Unpacks crates side by side into a workspace, in which they find each other.
fn unpack(packages: &[PathBuf], sources: &Path) -> Result<()> {
    if sources.exists() {
        fs::remove_dir_all(sources)?;
    }
    fs::create_dir_all(sources)?;
    let mut patches = Vec::new();
    for package in packages {
        let file = File::open(package)?;
        let mut archive = Archive::new(GzDecoder::new(file));
        // All files in packages have the same time, so Cargo would not see what changed since.
        archive.set_preserve_mtime(false);
        let unpacked = archive.unpack(sources);
        unpacked.with_context(|| format!("cannot unpack {}", package.display()))?;
        let folder = package.file_stem().unwrap_or_default().to_string_lossy();
        let name = folder.rsplit_once('-').map_or(&*folder, |(name, _)| name);
        patches.push(format!("{name} = {{ path = \"{folder}\" }}"));
    }
    let patches = patches.join("\n");
    let workspace = format!(
        "[workspace]\nresolver = \"3\"\nmembers = [\"*\"]\n\n[patch.crates-io]\n{patches}\n{PROFILE}"
    );
    fs::write(sources.join("Cargo.toml"), workspace)?;
    let lock = "Cargo.lock";
    fs::copy(crate::workspace().join(lock), sources.join(lock))?;
    Ok(())
}

/// The folder of a crate among unpacked ones, whatever its version.
fn folder(sources: &Path, name: &str) -> Result<PathBuf> {
    for entry in fs::read_dir(sources)? {
        let folder = entry?.file_name();
        let text = folder.to_string_lossy();
        if text.rsplit_once('-').is_some_and(|(own, _)| own == name) {
            return Ok(folder.into());
        }
    }
    anyhow::bail!("{} has no {name}", sources.display())
}
