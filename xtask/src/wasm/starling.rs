//! The model that the npm package brings: a bundle, and a module that says where its files are.

use std::fs;
use std::iter;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use bundle::Manifest;

use crate::run::{build_command, run};

/// Folder of the bundle, beside the module.
const BUNDLE: &str = "bundle";

/// Converts the model into the package's folder `starling`.
pub(super) fn convert(package: &Path) -> Result<()> {
    let command = build_command()?;
    let dir = package.join("starling");
    let bundle = dir.join(BUNDLE);
    run(Command::new(command)
        .args(["convert", "--quiet", "--variant", "starling"])
        .arg("--output-dir")
        .arg(&bundle))?;
    let manifest = Manifest::read(&bundle)?;
    write(&dir.join("files.js"), &module(&manifest))?;
    write(&dir.join("files.d.ts"), TYPES)
}

/// Addresses by name, in the form that bundlers understand: they put each file where they like. Vite would make
/// `data:` addresses of small ones, which a strict content security policy refuses: the query prevents that.
fn module(manifest: &Manifest) -> String {
    let names = manifest.files().map(|file| file.name.as_str());
    let lines = iter::once(Manifest::FILE).chain(names).map(|name| {
        format!("  \"{name}\": new URL(\"./{BUNDLE}/{name}?no-inline\", import.meta.url).href,\n")
    });
    let lines: String = lines.collect();
    format!("export default {{\n{lines}}};\n")
}

const TYPES: &str = "/** Addresses of the bundle's files, by name. */
declare const files: Readonly<Record<string, string>>;
export default files;
";

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
