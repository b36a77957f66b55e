//! Nodes: only default operators, every name once, everything that is read computed before.

use std::collections::HashSet;

use onnx::proto::{GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto};

/// Subgraphs inside subgraphs that are looked at; the decoder's own limit is higher.
const DEPTH: usize = 16;

/// Checks the nodes of a graph and of the graphs inside it.
pub(super) fn check(model: &ModelProto, graph: &GraphProto) -> Vec<String> {
    let mut nodes = Vec::new();
    collect(graph, DEPTH, &mut nodes);
    let mut findings = Vec::new();
    if !model.functions.is_empty() {
        findings.push("defines functions of its own".to_owned());
    }
    let mut names = HashSet::new();
    for node in &nodes {
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
    let read: HashSet<&str> = nodes
        .iter()
        .flat_map(|n| &n.input)
        .map(String::as_str)
        .collect();
    let unread = (graph.input.iter().map(ValueInfoProto::name)).filter(|name| !read.contains(name));
    findings.extend(unread.map(|name| format!("no node reads the input {name}")));
    findings.extend(order(graph));
    findings
}

/// The nodes of a graph and of the graphs in their attributes.
fn collect<'a>(graph: &'a GraphProto, depth: usize, nodes: &mut Vec<&'a NodeProto>) {
    for node in &graph.node {
        nodes.push(node);
        if depth > 0 {
            let inner = node
                .attribute
                .iter()
                .flat_map(|a| a.g.iter().chain(&a.graphs));
            inner.for_each(|graph| collect(graph, depth - 1, nodes));
        }
    }
}

/// Values that are read before they are there, computed twice, or promised and not computed.
fn order(graph: &GraphProto) -> Vec<String> {
    let mut findings = Vec::new();
    let inputs = graph.input.iter().map(ValueInfoProto::name);
    let given = inputs.chain(graph.initializer.iter().map(TensorProto::name));
    let mut known = HashSet::new();
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
