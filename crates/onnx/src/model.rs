//! A finished graph and its data file.

use std::io::{self, Write};

use prost::Message;
use weights::{DataFile, Element, Extent, PlacedParameter, Stored};

use crate::Opset;
use crate::proto::{
    GraphProto, ModelProto, OperatorSetIdProto, StringStringEntryProto, TensorProto,
    tensor_proto::{DataLocation, DataType},
};

/// A finished graph: what goes into the `.onnx` file, and what its data file holds.
#[derive(Clone, Debug)]
pub struct OnnxModel {
    proto: ModelProto,
    data: DataFile,
}

/// What the tensor of a parameter's scales is called.
pub fn scale_name(parameter: &str) -> String {
    format!("{parameter}.scale")
}

impl OnnxModel {
    pub(crate) fn new(
        mut graph: GraphProto,
        opset: Opset,
        data: DataFile,
        data_file: &str,
    ) -> Self {
        let initializers = data.parameters().iter();
        let initializers = initializers.flat_map(|p| initializers_of(p, data_file));
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
        Self { proto, data }
    }

    /// The model as protobuf.
    pub fn proto(&self) -> &ModelProto {
        &self.proto
    }

    /// The data file.
    pub fn data(&self) -> &DataFile {
        &self.data
    }

    /// Writes the `.onnx` file.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(&self.proto.encode_to_vec())
    }
}

/// The initializers of a parameter's values and scales.
fn initializers_of(
    parameter: &PlacedParameter,
    data_file: &str,
) -> impl Iterator<Item = TensorProto> {
    let PlacedParameter { name, packing, .. } = parameter;
    let values = packing.values(&parameter.shape);
    let values = to_proto(name.clone(), &values, parameter.values, data_file);
    let scales = packing.scales().zip(parameter.scales);
    let scales =
        scales.map(|(scales, extent)| to_proto(scale_name(name), &scales, extent, data_file));
    [values].into_iter().chain(scales)
}

/// An initializer outside the graph.
fn to_proto(name: String, stored: &Stored, extent: Extent, data_file: &str) -> TensorProto {
    let entry = |key: &str, value: String| StringStringEntryProto {
        key: Some(key.to_owned()),
        value: Some(value),
    };
    TensorProto {
        name: Some(name),
        data_type: Some(data_type(stored.element).into()),
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

/// What ONNX calls the number type of stored values.
pub fn data_type(element: Element) -> DataType {
    match element {
        Element::F32 => DataType::Float,
        Element::Bf16 => DataType::Bfloat16,
        Element::I16 => DataType::Int16,
        Element::I8 => DataType::Int8,
        Element::U8 => DataType::Uint8,
    }
}
