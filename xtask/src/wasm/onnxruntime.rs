//! ONNX Runtime Web, which the package carries so that a page loads nothing from elsewhere.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Its files: the interface, and the module with its loader.
const FILES: [&str; 3] = [
    "ort.wasm.min.mjs",
    "ort-wasm-simd-threaded.mjs",
    "ort-wasm-simd-threaded.wasm",
];
/// The interface's types are those of the npm package.
const TYPES: &str = "export * from \"onnxruntime-web/wasm\";\n";
const LICENCE: &str =
    "ONNX Runtime Web, Copyright (c) Microsoft Corporation, under the MIT License:
https://github.com/microsoft/onnxruntime/blob/main/LICENSE
";

/// Copies its files from the installed npm package into `package`.
pub(super) fn copy(package: &Path) -> Result<()> {
    let from = package.join("node_modules/onnxruntime-web/dist");
    let to = package.join("onnxruntime");
    fs::create_dir_all(&to)?;
    for name in FILES {
        let file = from.join(name);
        fs::copy(&file, to.join(name))
            .with_context(|| format!("cannot copy {}", file.display()))?;
    }
    fs::write(to.join("ort.wasm.min.d.mts"), TYPES)?;
    fs::write(to.join("LICENSE"), LICENCE)?;
    Ok(())
}
