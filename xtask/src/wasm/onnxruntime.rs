//! ONNX Runtime Web, which the package carries so that a page loads nothing from elsewhere.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Its files, and how they are called here: the interface, and the module with its loader. Many
/// hosts send `.mjs` with a type that browsers do not take for a script's.
const FILES: [(&str, &str); 3] = [
    ("ort.wasm.min.mjs", "ort.wasm.min.js"),
    ("ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.js"),
    ("ort-wasm-simd-threaded.wasm", "ort-wasm-simd-threaded.wasm"),
];
/// The interface's types are those of the npm package.
const TYPES: &str = "export * from \"onnxruntime-web/wasm\";\n";
/// Its licence, which the npm package does not hold.
const LICENCE: &str = include_str!("LICENSE-onnxruntime");

/// Copies its files from the installed npm package into `package`.
pub(super) fn copy(package: &Path) -> Result<()> {
    let from = package.join("node_modules/onnxruntime-web/dist");
    let to = package.join("onnxruntime");
    if to.exists() {
        fs::remove_dir_all(&to)?;
    }
    fs::create_dir_all(&to)?;
    for (theirs, ours) in FILES {
        let file = from.join(theirs);
        let mut bytes =
            fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        // Source maps stay behind, and bundlers complain about a mention of one.
        if let Some(at) = find(&bytes, b"//# sourceMappingURL=") {
            bytes.truncate(at);
        }
        fs::write(to.join(ours), bytes)?;
    }
    fs::write(to.join("ort.wasm.min.d.ts"), TYPES)?;
    fs::write(to.join("LICENSE"), LICENCE)?;
    Ok(())
}

/// Where `text` begins in the script `bytes`; nowhere in a wasm module.
fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    let is_script = !bytes.starts_with(b"\0asm");
    let mut windows = bytes.windows(text.len());
    is_script.then(|| windows.position(|window| window == text))?
}
