//! `cargo xtask wasm`: the wasm module, and the npm package that carries it.
//!
//! The module is built twice, for machines with and without relaxed SIMD; the page picks one.

mod onnxruntime;
mod playback;
mod starling;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use wasm_bindgen_cli_support::Bindgen;

use crate::run::{cargo, run, target};
use crate::setup::npm;
use crate::workspace;

/// What runs in a page.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";
/// What `wasm-opt` aims at where speed counts.
const FAST: &str = "-O3";
/// The module that speaks.
const SPEECH_MODULE: WasmModule = WasmModule {
    package: "pocket-onnx-wasm",
    name: "pocket_onnx",
    level: FAST,
};
/// The module that rewrites texts, which is loaded when that is asked for.
const NORMALIZE: WasmModule = WasmModule {
    package: "pocket-onnx-normalize-wasm",
    name: "pocket_onnx_normalize",
    level: "-Oz",
};
/// The module that writes sound files, which is loaded when that is asked for.
const ENCODE: WasmModule = WasmModule {
    package: "pocket-onnx-encode-wasm",
    name: "pocket_onnx_encode",
    level: FAST,
};
/// The module that measures what a browser can do; not a part of the package.
const ROOFLINE: WasmModule = WasmModule {
    package: "pocket-onnx-roofline",
    name: "roofline",
    level: FAST,
};
/// What the compiler may use for the faster build.
pub(crate) const FASTEST_FEATURES: &str = "+simd128,+relaxed-simd";
/// Folders of the package, and what the compiler may use for the module in them.
const BUILDS: [(&str, &str); 2] = [("simd", "+simd128"), ("relaxed", FASTEST_FEATURES)];
/// What `wasm-opt` may expect of a browser.
const FEATURES: [&str; 7] = [
    "--enable-simd",
    "--enable-relaxed-simd",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
];

/// A wasm module.
struct WasmModule {
    package: &'static str,
    /// Name of its files.
    name: &'static str,
    /// What `wasm-opt` aims at.
    level: &'static str,
}

/// Folder of the npm package.
pub(crate) fn package() -> PathBuf {
    workspace().join("browser")
}

/// Installs what the package needs, and builds all of it.
pub(crate) fn wasm() -> Result<()> {
    prepare()?;
    build_both(&SPEECH_MODULE, &package().join("wasm"))?;
    playback::build(&package().join("wasm/stretch.wasm"))?;
    // Loaded on demand, they have one build: that which every browser can load.
    let [(_, features), _] = BUILDS;
    build(&NORMALIZE, &package().join("wasm/normalize"), features)?;
    build(&ENCODE, &package().join("wasm/encode"), features)?;
    onnxruntime::copy(&package())?;
    licences()?;
    starling::convert(&package())?;
    run(&mut npm::command(&package(), &["run", "build"]))
}

/// Builds the module that measures, into folders of `dir` that are called as the package's.
pub(crate) fn roofline(dir: &Path) -> Result<()> {
    prepare()?;
    build_both(&ROOFLINE, dir)
}

/// Installs what modules are built with.
fn prepare() -> Result<()> {
    npm::find_or_install()?;
    run(&mut npm::command(&package(), &["ci", "--ignore-scripts"]))?;
    run(Command::new("rustup").args(["target", "add", TARGET]))?;
    Ok(())
}

/// Copies the licences into the package.
fn licences() -> Result<()> {
    for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
        let file = workspace().join(name);
        fs::copy(&file, package().join(name))
            .with_context(|| format!("cannot copy {}", file.display()))?;
    }
    Ok(())
}

/// Has LLVM copy 16 bytes as two numbers, and not as a vector. WebKit interprets functions at first, so that they
/// run at once, but compiles those with vectors before their first call: without this, half of what runs once while
/// a bundle is loaded.
const SCALAR_COPIES: &str = "-Cllvm-args=-combiner-store-merging=false";

/// What tells cargo that the compiler may use `features`.
pub(crate) fn flags(features: &str) -> String {
    format!("target.{TARGET}.rustflags=[\"-Ctarget-feature={features}\",\"{SCALAR_COPIES}\"]")
}

/// Both builds of a module, into folders of `dir`.
fn build_both(module: &WasmModule, dir: &Path) -> Result<()> {
    for (folder, features) in BUILDS {
        build(module, &dir.join(folder), features)?;
    }
    Ok(())
}

/// One build of a module, into `dir`.
fn build(module: &WasmModule, dir: &Path, features: &str) -> Result<()> {
    let WasmModule {
        package: crate_name,
        name,
        level,
    } = module;
    run(&mut cargo(&[
        "build",
        "--package",
        crate_name,
        "--profile",
        "wasm",
        "--target",
        TARGET,
        "--config",
        &flags(features),
    ]))?;
    let file = format!("{}.wasm", crate_name.replace('-', "_"));
    let built = target(TARGET).join("wasm").join(file);
    if dir.exists() {
        fs::remove_dir_all(dir)?;
    }
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(&built)
        .out_name(name)
        .web(true)?
        .typescript(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(dir)
        .with_context(|| format!("wasm-bindgen refuses {}", built.display()))?;
    let module = dir.join(format!("{name}_bg.wasm"));
    let optimized = dir.join("optimized.wasm");
    optimize(&module, level, &optimized)?;
    fs::rename(&optimized, &module)?;
    Ok(())
}

/// Optimises a module, and prints its size.
fn optimize(module: &Path, level: &str, optimized: &Path) -> Result<()> {
    run(Command::new(package().join("node_modules/.bin/wasm-opt"))
        .arg(level)
        // Kernels stay functions of their own: compilers run out of registers in larger ones.
        .args(["--one-caller-inline-max-function-size", "0"])
        .args(FEATURES)
        .arg(module)
        .arg("-o")
        .arg(optimized))?;
    let size = fs::metadata(optimized)?.len();
    let gzipped = gzipped(optimized)?;
    println!("{}: {size} bytes, {gzipped} gzipped", module.display());
    Ok(())
}

/// How many bytes a server sends of `file`.
fn gzipped(file: &Path) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&fs::read(file)?)?;
    Ok(encoder.finish()?.len())
}
