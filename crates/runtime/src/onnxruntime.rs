//! The backend that calls ONNX Runtime, from a shared library that is loaded at run time.

mod library;

use std::path::{Path, PathBuf};

use bundle::WeightFormat;
use ort::environment::Environment;
use ort::ep::CPU;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{OutputSelector, RunOptions, Session, SessionInputValue};
use ort::value::{DynValue, TensorElementType, TensorRef, ValueType};

use crate::{GraphBackend, LoadedGraph, RuntimeError};
use tensor::{Tensor, TensorView, ViewData};

pub use crate::install::{ONNXRUNTIME_VERSION, installed_library};

/// Name in messages.
const NAME: &str = "ONNX Runtime";

/// What can be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OnnxRuntimeOptions {
    /// The library. By default `ORT_DYLIB_PATH`, or else [`installed_library`].
    pub library: Option<PathBuf>,
    /// Returns memory after every operator and keeps no second copy of the weights: slower.
    pub lean: bool,
}

/// The backend. One thread computes a graph: several share a product out among them, and its sums
/// would be rounded by how many they are.
#[derive(Clone, Debug)]
pub struct OnnxRuntime {
    environment: Environment,
    options: OnnxRuntimeOptions,
}

impl OnnxRuntime {
    /// Loads the library, unless this process has done so already.
    pub fn new(options: OnnxRuntimeOptions) -> Result<Self, RuntimeError> {
        let library = library::find(options.library.as_deref())?;
        Ok(Self {
            environment: library::load(&library)?,
            options,
        })
    }

    fn session(&self, graph: &Path) -> Result<Session, ort::Error> {
        let mut builder = self.builder()?;
        builder.commit_from_file(graph)
    }

    fn builder(&self) -> Result<SessionBuilder, ort::Error> {
        let lean = self.options.lean;
        let builder = Session::builder(&self.environment)?
            .with_intra_threads(1)?
            .with_optimization_level(GraphOptimizationLevel::All)?
            .with_memory_pattern(!lean)?
            .with_prepacking(!lean)?
            .with_execution_providers([CPU::default().with_arena_allocator(!lean).build()])?;
        Ok(builder)
    }
}

impl GraphBackend for OnnxRuntime {
    fn name(&self) -> &'static str {
        NAME
    }

    fn reads(&self, _: WeightFormat) -> bool {
        true
    }

    fn load_graph(&self, graph: &Path) -> Result<Box<dyn LoadedGraph>, RuntimeError> {
        let session = self.session(graph).map_err(|source| RuntimeError::Load {
            backend: NAME,
            graph: graph.to_owned(),
            source: source.into(),
        })?;
        let names =
            |outlets: &[ort::value::Outlet]| outlets.iter().map(|o| o.name().to_owned()).collect();
        Ok(Box::new(OnnxRuntimeGraph {
            path: graph.to_owned(),
            inputs: names(session.inputs()),
            outputs: names(session.outputs()),
            session,
        }))
    }
}

struct OnnxRuntimeGraph {
    path: PathBuf,
    session: Session,
    inputs: Vec<String>,
    outputs: Vec<String>,
}

impl OnnxRuntimeGraph {
    fn compute(
        &mut self,
        inputs: &[(&str, TensorView<'_>)],
        outputs: &[&str],
    ) -> Result<Vec<Tensor>, Box<dyn std::error::Error + Send + Sync>> {
        let inputs = inputs.iter().map(|(name, view)| Ok((*name, input(*view)?)));
        let inputs: Vec<_> = inputs.collect::<ort::Result<_>>()?;
        let select = (outputs.iter()).fold(OutputSelector::no_default(), |s, name| s.with(*name));
        let options = RunOptions::new()?.with_outputs(select);
        let results = self.session.run_with_options(inputs, &options)?;
        results.values().map(|value| output(&value)).collect()
    }
}

/// Borrows the values: they stay where they are.
fn input(view: TensorView<'_>) -> ort::Result<SessionInputValue<'_>> {
    Ok(match view.data() {
        ViewData::F32(values) => TensorRef::from_array_view((view.shape(), values))?.into(),
        ViewData::I64(values) => TensorRef::from_array_view((view.shape(), values))?.into(),
    })
}

fn output(value: &DynValue) -> Result<Tensor, Box<dyn std::error::Error + Send + Sync>> {
    let sizes = |shape: &[i64]| shape.iter().map(|size| *size as usize).collect::<Vec<_>>();
    Ok(match value.dtype() {
        ValueType::Tensor {
            ty: TensorElementType::Float32,
            ..
        } => {
            let (shape, values) = value.try_extract_tensor::<f32>()?;
            Tensor::f32(sizes(shape), values.to_vec())?
        }
        ValueType::Tensor {
            ty: TensorElementType::Int64,
            ..
        } => {
            let (shape, values) = value.try_extract_tensor::<i64>()?;
            Tensor::i64(sizes(shape), values.to_vec())?
        }
        other => return Err(format!("an output is {other}").into()),
    })
}

impl LoadedGraph for OnnxRuntimeGraph {
    fn inputs(&self) -> &[String] {
        &self.inputs
    }

    fn outputs(&self) -> &[String] {
        &self.outputs
    }

    fn run(
        &mut self,
        inputs: &[(&str, TensorView<'_>)],
        outputs: &[&str],
    ) -> Result<Vec<Tensor>, RuntimeError> {
        let result = self.compute(inputs, outputs);
        result.map_err(|source| RuntimeError::Run {
            backend: NAME,
            graph: self.path.clone(),
            source,
        })
    }
}
