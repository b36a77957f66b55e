//! Weights: every one is where the data file has room for it and where the manifest says,
//! and no two share bytes.

use std::collections::BTreeMap;

use bundle::{Component, Extent, Parameter};
use onnx::proto::{
    GraphProto, StringStringEntryProto, TensorProto,
    tensor_proto::{DataLocation, DataType},
};
use onnx::{data_type, scale_name};
use weights::{Packing, Stored};

/// Bytes `start..end` of the data file that belong to `name`.
struct ByteRange<'a> {
    start: u64,
    end: u64,
    name: &'a str,
}

/// Checks the initializers of a component's graph.
pub(super) fn check(component: &Component, graph: &GraphProto) -> Vec<String> {
    let mut findings = Vec::new();
    if !graph.sparse_initializer.is_empty() {
        findings.push("has sparse initializers".to_owned());
    }
    let nodes = graph.all_nodes().into_iter();
    for (node, attribute) in nodes.flat_map(|n| n.attribute.iter().map(move |a| (n, a))) {
        if attribute
            .t
            .iter()
            .chain(&attribute.tensors)
            .any(is_external)
        {
            findings.push(format!(
                "node {} keeps a tensor outside the graph",
                node.name()
            ));
        }
    }
    let read = graph.read();
    let mut ranges = Vec::new();
    let mut table = table(component, &mut findings);
    for tensor in &graph.initializer {
        let name = tensor.name();
        if !read.contains(name) {
            findings.push(format!("no node reads the initializer {name}"));
        }
        let said = table.remove(name);
        match byte_range(component, tensor) {
            Ok(range) => {
                findings.extend(difference(tensor, range.as_ref(), said));
                ranges.extend(range);
            }
            Err(problem) => findings.push(format!("initializer {name} {problem}")),
        }
    }
    let lost = table.into_keys();
    findings.extend(
        lost.map(|name| format!("the graph has no initializer {name}, which the manifest has")),
    );
    ranges.sort_by_key(|range| (range.start, range.end));
    let overlaps = ranges.windows(2).filter(|pair| pair[0].end > pair[1].start);
    findings.extend(overlaps.map(|pair| {
        let [a, b] = [&pair[0], &pair[1]];
        format!(
            "initializers {} and {} share bytes of {}",
            a.name, b.name, component.data.name
        )
    }));
    findings
}

/// What the manifest says of the data file: the tensors by name, with their ranges.
fn table(component: &Component, findings: &mut Vec<String>) -> BTreeMap<String, (Stored, Extent)> {
    let mut tensors = BTreeMap::new();
    for parameter in &component.parameters {
        let name = &parameter.name;
        let packing = match packing(component, parameter) {
            Ok(packing) => packing,
            Err(problem) => {
                findings.push(format!("parameter {name} {problem}"));
                continue;
            }
        };
        let scales = packing.scales();
        if scales.is_some() != parameter.scales.is_some() {
            let problem = if scales.is_some() {
                "no"
            } else {
                "superfluous"
            };
            findings.push(format!("parameter {name} has {problem} scales"));
        }
        let values = (packing.values(&parameter.shape), parameter.values);
        let scales = scales.zip(parameter.scales);
        let scales = scales.map(|scales| (scale_name(name), scales));
        for (name, tensor) in [(name.clone(), values)].into_iter().chain(scales) {
            if tensors.insert(name.clone(), tensor).is_some() {
                findings.push(format!("two parameters have the tensor {name}"));
            }
        }
    }
    tensors
}

/// How an initializer differs from what the manifest says of it.
fn difference(
    tensor: &TensorProto,
    range: Option<&ByteRange<'_>>,
    said: Option<(Stored, Extent)>,
) -> Option<String> {
    let name = tensor.name();
    let (range, (stored, extent)) = match (range, said) {
        (None, None) => return None,
        (None, Some(_)) => {
            return Some(format!(
                "initializer {name} is stored inside the graph, although the manifest places it in the data file"
            ));
        }
        (Some(_), None) => return Some(format!("initializer {name} is not in the manifest")),
        (Some(range), Some(said)) => (range, said),
    };
    let dims: Vec<_> = stored.dims.iter().map(|&size| size as i64).collect();
    let element = data_type(stored.element);
    if tensor.data_type() != i32::from(element) || tensor.dims != dims {
        return Some(format!(
            "initializer {name} is {:?} {:?} where the manifest makes it {:?} {dims:?}",
            DataType::try_from(tensor.data_type()).ok(),
            tensor.dims,
            element,
        ));
    }
    let length = range.end - range.start;
    if (range.start, length) != (extent.offset, extent.size) {
        return Some(format!(
            "initializer {name} lies at byte {} with {length} bytes where the manifest says {} with {}",
            range.start, extent.offset, extent.size
        ));
    }
    None
}

/// How a parameter is stored.
fn packing(component: &Component, parameter: &Parameter) -> Result<Packing, String> {
    let Parameter {
        kind,
        format,
        shape,
        ..
    } = parameter;
    let of_shape = || format!("is a {kind:?} of shape {shape:?}");
    // More than a file can hold is not worth computing with.
    let mut sizes = shape.iter().map(|&size| u64::try_from(size).ok());
    let count = sizes.try_fold(1_u64, |count, size| count.checked_mul(size?));
    if count.is_none_or(|count| count == 0 || count / 2 > component.data.size) {
        return Err(of_shape());
    }
    let mut packing = parameter.packing(component.format).ok_or_else(of_shape)?;
    // A slow layer's.
    if let Some(slow) = component.slow_format
        && packing.format() != *format
    {
        packing = parameter.packing(slow).ok_or_else(of_shape)?;
    }
    if packing.format() != *format {
        return Err(format!(
            "is {format} where the format of the component, {}, makes it {}",
            component.format,
            packing.format()
        ));
    }
    Ok(packing)
}

fn is_external(tensor: &TensorProto) -> bool {
    tensor.data_location() == DataLocation::External || !tensor.external_data.is_empty()
}

/// Where a tensor is in the data file; `None` if it is inside the graph.
fn byte_range<'a>(
    component: &Component,
    tensor: &'a TensorProto,
) -> Result<Option<ByteRange<'a>>, String> {
    let bytes = bytes(tensor)?;
    if !is_external(tensor) {
        // Numbers may also be in typed fields; runtimes refuse a wrong count of those.
        return match &tensor.raw_data {
            Some(raw) if raw.len() as u64 != bytes => Err(format!(
                "holds {} bytes where its shape needs {bytes}",
                raw.len()
            )),
            _ => Ok(None),
        };
    }
    let entry = |key: &str| {
        let mut found = tensor
            .external_data
            .iter()
            .filter(|entry| entry.key() == key);
        found.next().map(StringStringEntryProto::value)
    };
    let number = |key: &str| {
        let text = entry(key).ok_or_else(|| format!("lies outside the graph without {key}"))?;
        text.parse::<u64>()
            .map_err(|_| format!("has the {key} {text:?}"))
    };
    let location = entry("location").unwrap_or_default();
    let data = &component.data;
    if location != data.name {
        return Err(format!("lies in {location:?}, not in {}", data.name));
    }
    let (start, length) = (number("offset")?, number("length")?);
    if length != bytes {
        return Err(format!(
            "has {length} bytes in {} where its shape needs {bytes}",
            data.name
        ));
    }
    match start.checked_add(length) {
        Some(end) if end <= data.size => Ok(Some(ByteRange {
            start,
            end,
            name: tensor.name(),
        })),
        _ => Err(format!(
            "lies at byte {start} of {} with {length} bytes, and the file has {}",
            data.name, data.size
        )),
    }
}

/// Bytes of a tensor's values.
fn bytes(tensor: &TensorProto) -> Result<u64, String> {
    let size: u64 = match DataType::try_from(tensor.data_type()) {
        Ok(DataType::Float | DataType::Int32) => 4,
        Ok(DataType::Int64) => 8,
        Ok(DataType::Bfloat16 | DataType::Float16 | DataType::Int16) => 2,
        Ok(DataType::Bool | DataType::Int8 | DataType::Uint8) => 1,
        other => {
            return Err(format!(
                "holds numbers of a kind that is not used ({other:?})"
            ));
        }
    };
    let mut sizes = tensor.dims.iter().map(|&size| u64::try_from(size).ok());
    let bytes = sizes.try_fold(size, |bytes, size| bytes.checked_mul(size?));
    bytes.ok_or_else(|| format!("has the shape {:?}", tensor.dims))
}
