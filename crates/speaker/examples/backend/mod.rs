//! Backends by the names that `cargo xtask bench` gives them.

use std::error::Error;
use std::sync::Arc;

use engine::Engine;
use runtime::Backend;
use runtime::onnxruntime::{OnnxRuntime, OnnxRuntimeOptions};
use runtime::rten::{Rten, RtenOptions};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

pub(crate) fn backend_of(name: &str) -> Result<Arc<dyn Backend>> {
    Ok(match name {
        "engine" => Arc::new(Engine::default()),
        "rten" => Arc::new(Rten::new(RtenOptions { prepack: true })),
        "ONNX Runtime" => Arc::new(OnnxRuntime::new(OnnxRuntimeOptions::default())?),
        other => return Err(format!("no such backend: {other}").into()),
    })
}
