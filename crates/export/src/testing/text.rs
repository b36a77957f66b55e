//! Graphs as text, for snapshots.

use std::fmt::Write;

use bundle::WeightFormat;
use onnx::proto::{AttributeProto, NodeProto, ValueInfoProto, attribute_proto::AttributeType};
use onnx::{Graph, Opset};

use super::TestParameters;
use crate::states::States;

/// The nodes that `build` emits, one a line: `name: Op(inputs) -> outputs {attributes}`. Those
/// of a graph inside a node follow it.
/// An output that is called as its node is left out. Nodes that unpack a weight, which are
/// called after it, are left out too, and what they give is called as the weight.
pub(crate) fn nodes(parameters: &TestParameters, build: impl Fn(&Graph, &States<'_>)) -> String {
    let graph = Graph::new("test", Opset::MAX, WeightFormat::F32, parameters.shapes());
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
    nodes.iter().map(lines).collect()
}

/// A node and, further in, the nodes of its graphs.
fn lines(node: &NodeProto) -> String {
    let mut text = line(node);
    for graph in node.graphs() {
        let inner: String = graph.node.iter().map(lines).collect();
        let outputs = graph.output.iter().map(ValueInfoProto::name);
        let outputs = outputs.collect::<Vec<_>>().join(", ");
        let _ = writeln!(text, "  {} gives {outputs}:", graph.name());
        text.extend(inner.lines().flat_map(|line| ["    ", line, "\n"]));
    }
    text
}

/// `text` without the nodes that start with one of `prefixes`.
pub(crate) fn without(text: &str, prefixes: &[&str]) -> String {
    let mut kept = true;
    let lines = text.lines().filter(|line| {
        // What stands further in belongs to the node before.
        if !line.starts_with(' ') {
            kept = !prefixes.iter().any(|prefix| line.starts_with(prefix));
        }
        kept
    });
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
    let attributes = node.attribute.iter().filter(|a| a.g.is_none());
    let attributes: Vec<_> = attributes.map(attribute).collect();
    if !attributes.is_empty() {
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
