//! The graphs, their descriptions, and the backends that run them.

use std::path::{Path, PathBuf};

use bundle::{
    Advance, Carry, Component, DType, Dim, FileEntry, Initial, PositionCounter, State, TensorInfo,
    WeightFormat,
};
use runtime::{GraphBackend, GraphStream, RuntimeError, onnxruntime, rten};

/// The folder of the graphs.
pub(crate) fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models")
}

/// Every backend, with every option that changes what it computes with.
pub(crate) fn backends() -> Vec<Box<dyn GraphBackend>> {
    let rten = |options| Box::new(rten::Rten::new(options)) as Box<dyn GraphBackend>;
    let onnx_runtime = |options| -> Box<dyn GraphBackend> {
        let backend = onnxruntime::OnnxRuntime::new(options);
        Box::new(backend.unwrap_or_else(|e| panic!("{}", chain(&e))))
    };
    vec![
        rten(rten::RtenOptions::default()),
        rten(rten::RtenOptions { prepack: true }),
        onnx_runtime(onnxruntime::OnnxRuntimeOptions::default()),
        onnx_runtime(onnxruntime::OnnxRuntimeOptions {
            lean: true,
            ..onnxruntime::OnnxRuntimeOptions::default()
        }),
    ]
}

/// A stream through `component` on every backend.
pub(crate) fn streams(component: &Component) -> Vec<GraphStream> {
    let load = |backend: Box<dyn GraphBackend>| {
        let stream = GraphStream::load(backend.as_ref(), &models(), component);
        stream.unwrap_or_else(|e| panic!("{}: {}", backend.name(), chain(&e)))
    };
    backends().into_iter().map(load).collect()
}

/// The error and its causes on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |e| e.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// The error of something that must fail.
pub(crate) fn error<T>(result: Result<T, RuntimeError>) -> RuntimeError {
    match result {
        Ok(_) => panic!("no error"),
        Err(error) => error,
    }
}

/// A tensor of the manifest.
pub(crate) fn info<const N: usize>(name: &str, dtype: DType, shape: [Dim; N]) -> TensorInfo {
    TensorInfo {
        name: name.to_owned(),
        dtype,
        shape: shape.into(),
    }
}

fn file(name: &str) -> FileEntry {
    FileEntry {
        name: name.to_owned(),
        size: 0,
        sha256: String::new(),
    }
}

fn component(graph: &str, inputs: Vec<TensorInfo>, outputs: Vec<TensorInfo>) -> Component {
    Component {
        graph: file(&format!("{graph}.onnx")),
        data: file(&format!("{graph}.onnx.data")),
        format: WeightFormat::F32,
        slow_format: None,
        parameters: Vec::new(),
        inputs,
        outputs,
        states: Vec::new(),
        position: None,
    }
}

fn state(input: &TensorInfo, output: &str, initial: Initial, carry: Carry) -> State {
    State {
        input: input.name.clone(),
        output: output.to_owned(),
        module: "module".to_owned(),
        key: "key".to_owned(),
        index: None,
        dtype: input.dtype,
        shape: input.shape.clone(),
        initial,
        carry,
    }
}

/// `append.onnx`: rows put behind rows, and a position that counts two for each.
pub(crate) fn append() -> Component {
    let past = info(
        "past_key",
        DType::F32,
        [1.into(), "past".into(), 2.into(), 3.into()],
    );
    let rows = [1.into(), "rows".into(), 2.into(), 3.into()];
    let mut component = component(
        "append",
        vec![
            info("x", DType::F32, rows.clone()),
            past.clone(),
            info("position", DType::I64, [1.into()]),
        ],
        vec![
            info("sum", DType::F32, [1.into(), 1.into(), 2.into(), 3.into()]),
            info("end", DType::I64, [1.into()]),
            info("new_key", DType::F32, rows),
        ],
    );
    component.states = vec![state(
        &past,
        "new_key",
        Initial::Empty,
        Carry::Append { axis: 1 },
    )];
    component.position = Some(PositionCounter {
        input: "position".to_owned(),
        initial: 5,
        advances_by: vec![Advance {
            input: "x".to_owned(),
            axis: 1,
            times: 2,
        }],
    });
    component
}

/// `replace.onnx`: a state of one sample.
pub(crate) fn replace() -> Component {
    let previous = info("previous", DType::F32, [1.into(), 1.into()]);
    let mut component = component(
        "replace",
        vec![
            info("x", DType::F32, [1.into(), "samples".into()]),
            previous.clone(),
        ],
        vec![
            info("next_previous", DType::F32, [1.into(), 1.into()]),
            info("y", DType::F32, [1.into(), "samples".into()]),
        ],
    );
    component.states = vec![state(
        &previous,
        "next_previous",
        Initial::Zeros,
        Carry::Replace,
    )];
    component
}

/// `empty.onnx`, without a state.
pub(crate) fn empty(past: &str) -> Component {
    component(
        "empty",
        vec![
            info("past", DType::F32, [1.into(), past.into(), 2.into()]),
            info("x", DType::F32, [1.into(), "rows".into(), 2.into()]),
        ],
        vec![info(
            "filled",
            DType::F32,
            [1.into(), "rows".into(), 2.into()],
        )],
    )
}

/// `pairs.onnx`: rows put behind rows, and an odd number of them is an error.
pub(crate) fn pairs() -> Component {
    let past = info("past", DType::F32, [1.into(), "past".into(), 2.into()]);
    let rows = [1.into(), "rows".into(), 2.into()];
    let mut component = component(
        "pairs",
        vec![info("x", DType::F32, rows.clone()), past.clone()],
        vec![
            info("y", DType::F32, [1.into(), "pairs".into(), 4.into()]),
            info("new", DType::F32, rows),
            info("count", DType::I64, [1.into()]),
        ],
    );
    component.states = vec![state(
        &past,
        "new",
        Initial::Empty,
        Carry::Append { axis: 1 },
    )];
    component
}
