//! What runs a model.

use std::sync::Arc;

use engine::Engine;

use crate::Result;

/// What runs a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// The model in Rust, on packed weights: the fastest, and without other libraries.
    #[default]
    Engine,
    /// The ONNX graphs in ONNX Runtime.
    #[cfg(feature = "onnxruntime")]
    OnnxRuntime {
        /// Its shared library; by default the one that the system finds.
        library: Option<std::path::PathBuf>,
    },
    /// The ONNX graphs in rten, which is Rust, too.
    #[cfg(feature = "rten")]
    Rten,
}

impl Backend {
    /// The backend itself, for [`speaker::Speaker`](crate::speaker::Speaker).
    pub fn load(&self) -> Result<Arc<dyn runtime::Backend>> {
        Ok(match self {
            Self::Engine => Arc::new(Engine::default()),
            #[cfg(feature = "onnxruntime")]
            Self::OnnxRuntime { library } => {
                let options = runtime::onnxruntime::OnnxRuntimeOptions {
                    library: library.clone(),
                    ..runtime::onnxruntime::OnnxRuntimeOptions::default()
                };
                Arc::new(runtime::onnxruntime::OnnxRuntime::new(options)?)
            }
            #[cfg(feature = "rten")]
            Self::Rten => {
                let options = runtime::rten::RtenOptions { prepack: true };
                Arc::new(runtime::rten::Rten::new(options))
            }
        })
    }
}

/// One thread for the backbone and one for the decoder, if there are two cores. More would only read
/// texts and recordings sooner: steps take as long as reading the weights from memory.
pub fn usual_threads() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().min(2))
}
