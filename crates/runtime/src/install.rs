//! Where the library of ONNX Runtime is installed. Compiled without the feature
//! `onnxruntime` too, for `cargo xtask setup`, which installs it.

use std::path::PathBuf;

/// The version of ONNX Runtime that `cargo xtask setup` installs.
pub const ONNXRUNTIME_VERSION: &str = "1.30.0";

/// Name of the library's file.
const LIBRARY_FILE: &str = if cfg!(windows) {
    "onnxruntime.dll"
} else if cfg!(target_os = "macos") {
    "libonnxruntime.dylib"
} else {
    "libonnxruntime.so"
};

/// Where `cargo xtask setup` puts the library: below `$XDG_CACHE_HOME`, or else `~/.cache`.
pub fn installed_library() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    // Relative paths are to be ignored, says the XDG specification.
    let cache = cache.filter(|path| path.is_absolute());
    let home = || std::env::home_dir().map(|home| home.join(".cache"));
    cache
        .or_else(home)
        .unwrap_or_else(std::env::temp_dir)
        .join("pocket-onnx")
        .join(format!("onnxruntime-{ONNXRUNTIME_VERSION}"))
        .join(LIBRARY_FILE)
}
