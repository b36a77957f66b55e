//! A finished graph and where its parameters lie in the data file.

use std::io::{self, Write};

use prost::Message;

use crate::Opset;
use crate::layout::Stored;
use crate::proto::{
    GraphProto, ModelProto, OperatorSetIdProto, StringStringEntryProto, TensorProto,
    tensor_proto::DataLocation,
};
use crate::{Layout, Packing};

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
    /// Sizes in the checkpoint, outermost first.
    pub shape: Vec<usize>,
    /// What it is to the graph.
    pub layout: Layout,
    /// How it is stored.
    pub packing: Packing,
    /// Where its values lie.
    pub values: Extent,
    /// Where its scales lie, if there are some.
    pub scales: Option<Extent>,
}

/// A part of the data file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// First byte.
    pub offset: u64,
    /// Bytes.
    pub size: u64,
}

/// What the tensor of a parameter's scales is called.
pub fn scale_name(parameter: &str) -> String {
    format!("{parameter}.scale")
}

impl Model {
    pub(crate) fn new(
        mut graph: GraphProto,
        opset: Opset,
        parameters: impl Iterator<Item = (String, Vec<usize>, Layout, Packing)>,
        data_file: &str,
    ) -> Self {
        let mut at = 0u64;
        let mut place = |size: u64| {
            let alignment = if size >= MAPPED_SIZE {
                PAGE
            } else {
                CACHE_LINE
            };
            let offset = at.next_multiple_of(alignment);
            at = offset + size;
            Extent { offset, size }
        };
        let placed: Vec<_> = parameters
            .map(|(name, shape, layout, packing)| Parameter {
                values: place(packing.values(&shape).size),
                scales: packing.scales().map(|scales| place(scales.size)),
                name,
                shape,
                layout,
                packing,
            })
            .collect();
        let initializers = placed.iter().flat_map(|p| p.to_protos(data_file));
        graph.initializer.extend(initializers);
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
    /// The initializers of values and scales.
    fn to_protos(&self, data_file: &str) -> impl Iterator<Item = TensorProto> {
        let values = self.packing.values(&self.shape);
        let values = to_proto(self.name.clone(), &values, self.values, data_file);
        let scales = self.packing.scales().zip(self.scales);
        let scales = scales
            .map(|(scales, extent)| to_proto(scale_name(&self.name), &scales, extent, data_file));
        [values].into_iter().chain(scales)
    }
}

/// An initializer outside the graph.
fn to_proto(name: String, stored: &Stored, extent: Extent, data_file: &str) -> TensorProto {
    let entry = |key: &str, value: String| StringStringEntryProto {
        key: Some(key.to_owned()),
        value: Some(value),
    };
    TensorProto {
        name: Some(name),
        data_type: Some(stored.element.into()),
        dims: stored.dims.iter().map(|&d| d as i64).collect(),
        data_location: Some(DataLocation::External.into()),
        external_data: vec![
            entry("location", data_file.to_owned()),
            entry("offset", extent.offset.to_string()),
            entry("length", extent.size.to_string()),
        ],
        ..TensorProto::default()
    }
}
