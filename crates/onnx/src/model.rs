//! A finished graph and where its parameters lie in the data file.

use std::io::{self, Write};

use prost::Message;

use crate::Opset;
use crate::proto::{
    GraphProto, ModelProto, OperatorSetIdProto, StringStringEntryProto, TensorProto,
    tensor_proto::{DataLocation, DataType},
};

/// Parameters from this size on start at a page, so that runtimes can map them.
const MAPPED_SIZE: u64 = 1 << 20;
/// Size of a page.
const PAGE: u64 = 4096;
/// Smaller parameters start at a cache line.
const CACHE_LINE: u64 = 64;

/// A finished graph: what goes into the `.onnx` file, and what belongs beside it.
#[derive(Clone, Debug)]
pub struct Model {
    proto: ModelProto,
    parameters: Vec<Parameter>,
    data_size: u64,
}

/// A parameter's place in the data file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Name in the graph: the tensor's path in the checkpoint.
    pub name: String,
    /// Sizes as the data file holds it, outermost first.
    pub shape: Vec<usize>,
    /// How the data file's order relates to the checkpoint's.
    pub layout: Layout,
    /// First byte.
    pub offset: u64,
    /// Bytes.
    pub size: u64,
}

/// Order of a parameter's values in the data file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// As the checkpoint has them.
    AsIs,
    /// The checkpoint's two axes change places.
    Transposed,
}

impl Model {
    pub(crate) fn new(
        mut graph: GraphProto,
        opset: Opset,
        parameters: impl Iterator<Item = (String, Vec<usize>, Layout)>,
        data_file: &str,
    ) -> Self {
        let mut at = 0u64;
        let mut placed = Vec::new();
        for (name, mut shape, layout) in parameters {
            if layout == Layout::Transposed {
                shape.reverse();
            }
            let size = shape.iter().product::<usize>() as u64 * 4;
            let alignment = if size >= MAPPED_SIZE {
                PAGE
            } else {
                CACHE_LINE
            };
            let offset = at.next_multiple_of(alignment);
            at = offset + size;
            placed.push(Parameter {
                name,
                shape,
                layout,
                offset,
                size,
            });
        }
        graph
            .initializer
            .extend(placed.iter().map(|p| p.to_proto(data_file)));
        let proto = ModelProto {
            ir_version: Some(opset.ir_version()),
            opset_import: vec![OperatorSetIdProto {
                domain: Some(String::new()),
                version: Some(opset.version()),
            }],
            producer_name: Some("pocket-onnx".to_owned()),
            producer_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            graph: Some(graph),
            ..ModelProto::default()
        };
        Self {
            proto,
            parameters: placed,
            data_size: at,
        }
    }

    /// The model as protobuf.
    pub fn proto(&self) -> &ModelProto {
        &self.proto
    }

    /// What the data file holds, in order.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Bytes of the data file.
    pub fn data_size(&self) -> u64 {
        self.data_size
    }

    /// Writes the `.onnx` file.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(&self.proto.encode_to_vec())
    }
}

impl Parameter {
    fn to_proto(&self, data_file: &str) -> TensorProto {
        let entry = |key: &str, value: String| StringStringEntryProto {
            key: Some(key.to_owned()),
            value: Some(value),
        };
        TensorProto {
            name: Some(self.name.clone()),
            data_type: Some(DataType::Float.into()),
            dims: self.shape.iter().map(|&d| d as i64).collect(),
            data_location: Some(DataLocation::External.into()),
            external_data: vec![
                entry("location", data_file.to_owned()),
                entry("offset", self.offset.to_string()),
                entry("length", self.size.to_string()),
            ],
            ..TensorProto::default()
        }
    }
}
