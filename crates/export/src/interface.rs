//! Inputs and outputs of a graph, as the manifest says them.

use bundle::{DType, Dim, TensorInfo};
use onnx::proto::{
    GraphProto, ValueInfoProto, tensor_proto::DataType, tensor_shape_proto::dimension, type_proto,
};

/// Inputs and outputs of `graph`; `None` where one is no f32 or i64 tensor with a shape.
pub fn interface(graph: &GraphProto) -> Option<(Vec<TensorInfo>, Vec<TensorInfo>)> {
    let infos =
        |values: &[ValueInfoProto]| values.iter().map(tensor_info).collect::<Option<Vec<_>>>();
    Some((infos(&graph.input)?, infos(&graph.output)?))
}

fn tensor_info(value: &ValueInfoProto) -> Option<TensorInfo> {
    let type_proto::Value::TensorType(tensor) = value.r#type.as_ref()?.value.as_ref()? else {
        return None;
    };
    let dtype = match DataType::try_from(tensor.elem_type()).ok()? {
        DataType::Float => DType::F32,
        DataType::Int64 => DType::I64,
        _ => return None,
    };
    let dims = tensor
        .shape
        .as_ref()?
        .dim
        .iter()
        .map(|dim| match dim.value.as_ref()? {
            dimension::Value::DimValue(size) => usize::try_from(*size).ok().map(Dim::Fixed),
            dimension::Value::DimParam(symbol) => Some(Dim::Symbol(symbol.clone())),
        });
    Some(TensorInfo {
        name: value.name().to_owned(),
        dtype,
        shape: dims.collect::<Option<_>>()?,
    })
}
