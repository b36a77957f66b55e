//! The content type of a file, by its name.

use std::path::Path;

/// A content type, and whether compressing it pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) mime: &'static str,
    pub(crate) compressible: bool,
}

/// Weights and unknown files. Mantissas look random and do not shrink.
const BINARY: Content = Content {
    mime: "application/octet-stream",
    compressible: false,
};

impl Content {
    /// Decides by the file's ending.
    pub(crate) fn of(path: &Path) -> Self {
        let extension = path.extension().and_then(|it| it.to_str()).unwrap_or("");
        let (mime, compressible) = match extension.to_ascii_lowercase().as_str() {
            "html" => ("text/html; charset=utf-8", true),
            "js" | "mjs" => ("text/javascript; charset=utf-8", true),
            "css" => ("text/css; charset=utf-8", true),
            "json" | "map" => ("application/json", true),
            "webmanifest" => ("application/manifest+json", true),
            "txt" | "md" => ("text/plain; charset=utf-8", true),
            "svg" => ("image/svg+xml", true),
            "wasm" => ("application/wasm", true),
            "png" => ("image/png", false),
            "ico" => ("image/x-icon", false),
            "woff2" => ("font/woff2", false),
            "wav" => ("audio/wav", false),
            _ => return BINARY,
        };
        Self { mime, compressible }
    }
}
