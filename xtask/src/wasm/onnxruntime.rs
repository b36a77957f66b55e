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
        // Bundlers look for the files that it names.
        for (theirs, ours) in FILES.iter().filter(|(theirs, _)| theirs.ends_with(".mjs")) {
            bytes = renamed(bytes, theirs, ours);
        }
        fs::write(to.join(ours), bytes)?;
    }
    fs::write(to.join("ort.wasm.min.d.ts"), TYPES)?;
    fs::write(to.join("LICENSE"), LICENCE)?;
    Ok(())
}

/// The script `bytes` with another name for the file `theirs`.
fn renamed(bytes: Vec<u8>, theirs: &str, ours: &str) -> Vec<u8> {
    let mut rest = bytes.as_slice();
    let mut written = Vec::with_capacity(bytes.len());
    while let Some(at) = find(rest, theirs.as_bytes()) {
        written.extend_from_slice(&rest[..at]);
        written.extend_from_slice(ours.as_bytes());
        rest = &rest[at + theirs.len()..];
    }
    written.extend_from_slice(rest);
    written
}

/// Where `text` begins in the script `bytes`; nowhere in a wasm module.
fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    let is_script = !bytes.starts_with(b"\0asm");
    let mut windows = bytes.windows(text.len());
    is_script.then(|| windows.position(|window| window == text))?
}
