//! What can go wrong between a bundle and its outputs.

use std::error::Error;
use std::path::PathBuf;

use bundle::{ComponentName, DType, WeightFormat};
use tensor::TensorError;

/// An error of another library.
type Cause = Box<dyn Error + Send + Sync>;

/// Why a graph cannot be loaded or run.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// A tensor cannot be made or cannot grow.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// The bundle lacks a component.
    #[error("the bundle has no {component}: convert it again with all components")]
    NoComponent {
        /// The component.
        component: ComponentName,
    },
    /// A backend cannot read a component's weight format.
    #[error(
        "{backend} cannot read the {format} weights of {component}: use another backend, or convert with --dtype {component}={}",
        WeightFormat::list(.reads.iter().copied())
    )]
    Format {
        /// The backend.
        backend: &'static str,
        /// The component.
        component: ComponentName,
        /// The format of its weights.
        format: WeightFormat,
        /// Formats that the backend reads.
        reads: Vec<WeightFormat>,
    },
    /// A backend refuses a graph file.
    #[error("{backend} cannot load {graph}")]
    Load {
        /// The backend.
        backend: &'static str,
        /// The graph file.
        graph: PathBuf,
        /// Why.
        source: Cause,
    },
    /// A backend fails while running a graph.
    #[error("{backend} cannot run {graph}")]
    Run {
        /// The backend.
        backend: &'static str,
        /// The graph file.
        graph: PathBuf,
        /// Why, and in which node.
        source: Cause,
    },
    /// An integer is too large for the backend.
    #[error(
        "{graph}: input {input} holds {value}, which is too large for rten: it computes with 32-bit integers"
    )]
    Integer {
        /// The graph file.
        graph: PathBuf,
        /// The input.
        input: String,
        /// Its value.
        value: i64,
    },
    /// The ONNX Runtime library was not found.
    #[error(
        "no ONNX Runtime library at {looked}: run `cargo xtask setup`, or name a library in ORT_DYLIB_PATH"
    )]
    NoOnnxRuntime {
        /// Where it was searched.
        looked: PathBuf,
    },
    /// The ONNX Runtime library cannot be used.
    #[error("cannot load ONNX Runtime from {library}")]
    Library {
        /// The library.
        library: PathBuf,
        /// Why.
        source: Cause,
    },
    /// A process can load only one ONNX Runtime library.
    #[error("{library} cannot be loaded: this process already uses ONNX Runtime from {loaded}")]
    OtherLibrary {
        /// The library asked for.
        library: PathBuf,
        /// The library in use.
        loaded: PathBuf,
    },
    /// The manifest's component is inconsistent with itself or with the graph.
    #[error("the manifest does not fit {graph}: {problem}")]
    Manifest {
        /// The graph's name.
        graph: String,
        /// What does not fit.
        problem: String,
    },
    /// An input that the component does not have, or that the stream supplies.
    #[error("{graph} does not take an input {input}: give it {}", .takes.join(", "))]
    UnknownInput {
        /// The graph's name.
        graph: String,
        /// The input.
        input: String,
        /// What the component takes.
        takes: Vec<String>,
    },
    /// An input is given twice.
    #[error("{graph}: input {input} is given twice")]
    InputTwice {
        /// The graph's name.
        graph: String,
        /// The input.
        input: String,
    },
    /// An input is not given.
    #[error("{graph} needs an input {input}")]
    MissingInput {
        /// The graph's name.
        graph: String,
        /// The input.
        input: String,
    },
    /// A tensor has the wrong number type.
    #[error("{graph}: {tensor} is {actual:?}, not {expected:?}")]
    DType {
        /// The graph's name.
        graph: String,
        /// The tensor.
        tensor: String,
        /// Its number type in the manifest.
        expected: DType,
        /// The number type it has.
        actual: DType,
    },
    /// A tensor has the wrong shape.
    #[error("{graph}: {tensor} has the shape {actual:?}, not {expected}")]
    Shape {
        /// The graph's name.
        graph: String,
        /// The tensor.
        tensor: String,
        /// Its shape in the manifest.
        expected: String,
        /// The shape it has.
        actual: Vec<usize>,
    },
    /// One symbol has two sizes in one call.
    #[error("{graph}: {symbol} is {size} in {tensor} and {other_size} in {other}")]
    Symbol {
        /// The graph's name.
        graph: String,
        /// The symbol.
        symbol: String,
        /// A tensor that has it.
        tensor: String,
        /// The size there.
        size: usize,
        /// Another tensor that has it.
        other: String,
        /// The size there.
        other_size: usize,
    },
    /// The attention cannot be read.
    #[error(
        "{graph} has no attention output, which word times need: use the engine, or \
         convert with --word-times"
    )]
    NoAttention {
        /// The graph's name.
        graph: String,
    },
    /// A stream with other weights was to run together with one of this graph.
    #[error("a stream with other weights than {graph} cannot run together with it")]
    OtherWeights {
        /// The graph's name.
        graph: String,
    },
    /// No output of that name.
    #[error("{graph} has no output {output}")]
    NoOutput {
        /// The graph's name.
        graph: String,
        /// The output.
        output: String,
    },
    /// No state of that name.
    #[error("{graph} has no state {state}")]
    NoState {
        /// The graph's name.
        graph: String,
        /// The state.
        state: String,
    },
    /// The component does not count positions, or the position overflows.
    #[error("{graph}: {problem}")]
    Position {
        /// The graph's name.
        graph: String,
        /// What is wrong.
        problem: &'static str,
    },
}
