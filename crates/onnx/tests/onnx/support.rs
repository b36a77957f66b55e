//! Small graphs, and the backends that run them.

use std::collections::HashMap;

use onnx::{Graph, OnnxModel, Opset};
use runtime::{GraphBackend, onnxruntime, rten};
use weights::{ValueReader, WeightFormat};

/// An empty graph whose parameters have these shapes, and whose weights are f32.
pub(crate) fn graph(opset: Opset, shapes: &[(&str, &[usize])]) -> Graph {
    graph_in(WeightFormat::F32, opset, shapes)
}

/// An empty graph whose parameters have these shapes, and whose weights are in that format.
pub(crate) fn graph_in(format: WeightFormat, opset: Opset, shapes: &[(&str, &[usize])]) -> Graph {
    let shapes = shapes
        .iter()
        .map(|(key, shape)| ((*key).to_owned(), shape.to_vec()));
    Graph::new("test", opset, format, shapes.collect::<HashMap<_, _>>())
}

pub(crate) fn opset(version: i64) -> Opset {
    Opset::new(version).unwrap()
}

/// The nodes of `model`, one a line: `name: Op(inputs) -> outputs`.
pub(crate) fn nodes(model: &OnnxModel) -> String {
    let nodes = &model.proto().graph.as_ref().unwrap().node;
    let line = |node: &onnx::proto::NodeProto| {
        let (inputs, outputs) = (node.input.join(", "), node.output.join(", "));
        format!(
            "{}: {}({inputs}) -> {outputs}\n",
            node.name(),
            node.op_type()
        )
    };
    nodes.iter().map(line).collect()
}

/// Every backend. One that cannot be had says how to get it.
pub(crate) fn backends() -> [Box<dyn GraphBackend>; 2] {
    let onnx_runtime = onnxruntime::OnnxRuntime::new(onnxruntime::OnnxRuntimeOptions::default());
    let onnx_runtime = onnx_runtime.unwrap_or_else(|e| panic!("{}", chain(&e)));
    [Box::new(rten::Rten::default()), Box::new(onnx_runtime)]
}

/// The error and its causes on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |e| e.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// Hands out values.
pub(crate) struct PartialReader {
    all: Vec<f32>,
    at: usize,
}

impl PartialReader {
    pub(crate) fn new(all: Vec<f32>) -> Self {
        Self { all, at: 0 }
    }
}

impl ValueReader for PartialReader {
    type Error = String;

    fn read(&mut self, out: &mut [f32]) -> Result<usize, String> {
        let rest = &self.all[self.at..];
        let n = rest.len().min(out.len());
        out[..n].copy_from_slice(&rest[..n]);
        self.at += n;
        Ok(n)
    }
}
