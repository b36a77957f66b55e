//! Graphs as text, for snapshots.

use std::fmt::Write;

use bundle::Format;
use onnx::proto::{AttributeProto, NodeProto, attribute_proto::AttributeType};
use onnx::{Graph, Opset};

use super::Parameters;
use crate::states::States;

/// The nodes that `build` emits, one a line: `name: Op(inputs) -> outputs {attributes}`.
/// An output that is called as its node is left out. Nodes that unpack a weight, which are
/// called after it, are left out too, and what they give is called as the weight.
pub(crate) fn nodes(parameters: &Parameters, build: impl Fn(&Graph, &States<'_>)) -> String {
    let graph = Graph::new("test", Opset::MAX, Format::F32, parameters.shapes());
    let states = States::new(&graph);
    build(&graph, &states);
    states.finish();
    let model = graph.finish("test.onnx.data").unwrap();
    let shapes = parameters.shapes();
    let unpacked = |name: &str| {
        let (weight, _) = name.split_once('/')?;
        shapes.contains_key(weight).then(|| weight.to_owned())
    };
    let mut nodes = model.proto().graph.as_ref().unwrap().node.clone();
    nodes.retain(|node| unpacked(node.name()).is_none());
    for input in nodes.iter_mut().flat_map(|node| &mut node.input) {
        *input = unpacked(input).unwrap_or_else(|| input.clone());
    }
    nodes.iter().map(line).collect()
}

/// The lines of `text` that start with none of `prefixes`.
pub(crate) fn without(text: &str, prefixes: &[&str]) -> String {
    let kept = |line: &&str| !prefixes.iter().any(|prefix| line.starts_with(prefix));
    let lines = text.lines().filter(kept);
    lines.flat_map(|line| [line, "\n"]).collect()
}

fn line(node: &NodeProto) -> String {
    let mut line = format!(
        "{}: {}({})",
        node.name(),
        node.op_type(),
        node.input.join(", ")
    );
    if node.output != [node.name()] {
        let _ = write!(line, " -> {}", node.output.join(", "));
    }
    if !node.attribute.is_empty() {
        let attributes: Vec<_> = node.attribute.iter().map(attribute).collect();
        let _ = write!(line, " {{{}}}", attributes.join(", "));
    }
    line + "\n"
}

fn attribute(attribute: &AttributeProto) -> String {
    let value = match attribute.r#type() {
        AttributeType::Int => attribute.i().to_string(),
        AttributeType::Ints => format!("{:?}", attribute.ints),
        AttributeType::Float => attribute.f().to_string(),
        AttributeType::String => String::from_utf8_lossy(attribute.s()).into_owned(),
        other => format!("{other:?}"),
    };
    format!("{}={value}", attribute.name())
}
