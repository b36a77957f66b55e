//! Nodes: only default operators, every name once, everything that is read computed before.

use std::collections::HashSet;

use onnx::proto::{GraphProto, ModelProto, TensorProto, ValueInfoProto};

/// Checks the nodes of a graph and of the graphs inside it.
pub(super) fn check(model: &ModelProto, graph: &GraphProto) -> Vec<String> {
    let mut findings = Vec::new();
    if !model.functions.is_empty() {
        findings.push("defines functions of its own".to_owned());
    }
    let mut names = HashSet::new();
    for node in graph.all_nodes() {
        let (name, op) = (node.name(), node.op_type());
        if !matches!(node.domain(), "" | "ai.onnx") {
            findings.push(format!(
                "node {name} is {op} of the domain {}",
                node.domain()
            ));
        }
        if name.is_empty() {
            findings.push(format!("a node {op} has no name"));
        } else if !names.insert(name) {
            findings.push(format!("two nodes are called {name}"));
        }
    }
    let read = graph.read();
    let unread = (graph.input.iter().map(ValueInfoProto::name)).filter(|name| !read.contains(name));
    findings.extend(unread.map(|name| format!("no node reads the input {name}")));
    findings.extend(order(graph, &HashSet::new()));
    findings
}

/// Values that are read before they are there, computed twice, or promised and not computed,
/// where `outside` is known from the graphs around this one.
fn order<'a>(graph: &'a GraphProto, outside: &HashSet<&'a str>) -> Vec<String> {
    let mut findings = Vec::new();
    let inputs = graph.input.iter().map(ValueInfoProto::name);
    let given = inputs.chain(graph.initializer.iter().map(TensorProto::name));
    let mut known = outside.clone();
    for name in given {
        if !known.insert(name) {
            findings.push(format!("two inputs or initializers are called {name}"));
        }
    }
    for node in &graph.node {
        // An empty name stands for an optional input or output that is left out.
        for input in node.input.iter().filter(|input| !input.is_empty()) {
            if !known.contains(input.as_str()) {
                findings.push(format!(
                    "node {} reads {input}, which nothing before it gives",
                    node.name()
                ));
            }
        }
        let inside = node.graphs().flat_map(|graph| order(graph, &known));
        findings.extend(inside);
        for output in node.output.iter().filter(|output| !output.is_empty()) {
            if !known.insert(output) {
                findings.push(format!("node {} computes {output} once more", node.name()));
            }
        }
    }
    let lost = graph
        .output
        .iter()
        .map(ValueInfoProto::name)
        .filter(|name| !known.contains(name));
    findings.extend(lost.map(|name| format!("no node computes the output {name}")));
    findings
}
