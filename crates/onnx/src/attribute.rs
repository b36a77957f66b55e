//! Attributes of nodes.

use prost::bytes::Bytes;

use crate::proto::{AttributeProto, GraphProto, attribute_proto::AttributeType};

/// Value of a node's attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// One integer.
    Int(i64),
    /// A list of integers.
    Ints(Vec<i64>),
    /// One number.
    Float(f32),
    /// A text.
    Text(&'static str),
    /// A graph inside the node.
    Graph(Box<GraphProto>),
}

impl Attribute {
    pub(crate) fn to_proto(&self, name: &str) -> AttributeProto {
        let mut proto = AttributeProto {
            name: Some(name.to_owned()),
            ..AttributeProto::default()
        };
        let kind = match self {
            Self::Int(i) => {
                proto.i = Some(*i);
                AttributeType::Int
            }
            Self::Ints(ints) => {
                proto.ints.clone_from(ints);
                AttributeType::Ints
            }
            Self::Float(f) => {
                proto.f = Some(*f);
                AttributeType::Float
            }
            Self::Text(s) => {
                proto.s = Some(Bytes::from_static(s.as_bytes()));
                AttributeType::String
            }
            Self::Graph(g) => {
                proto.g = Some((**g).clone());
                AttributeType::Graph
            }
        };
        proto.r#type = Some(kind.into());
        proto
    }
}
