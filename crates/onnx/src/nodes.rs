//! All nodes of a graph, those of the graphs inside it included.

use std::collections::HashSet;

use crate::proto::{GraphProto, NodeProto};

impl GraphProto {
    /// Its nodes, each before those of the graphs in its attributes.
    pub fn all_nodes(&self) -> Vec<&NodeProto> {
        let mut nodes = Vec::new();
        self.collect(&mut nodes);
        nodes
    }

    fn collect<'a>(&'a self, nodes: &mut Vec<&'a NodeProto>) {
        for node in &self.node {
            nodes.push(node);
            node.graphs().for_each(|graph| graph.collect(nodes));
        }
    }

    /// Names of the values that any of its nodes reads.
    pub fn read(&self) -> HashSet<&str> {
        let nodes = self.all_nodes().into_iter();
        nodes.flat_map(|n| &n.input).map(String::as_str).collect()
    }
}

impl NodeProto {
    /// The graphs in its attributes.
    pub fn graphs(&self) -> impl Iterator<Item = &GraphProto> {
        self.attribute
            .iter()
            .flat_map(|a| a.g.iter().chain(&a.graphs))
    }
}
