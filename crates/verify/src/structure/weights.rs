//! Weights: every one lies where the data file has room for it, and no two share bytes.

use std::collections::HashSet;

use bundle::Component;
use onnx::proto::{
    GraphProto, StringStringEntryProto, TensorProto,
    tensor_proto::{DataLocation, DataType},
};

/// Bytes `start..end` of the data file that belong to `name`.
struct Place<'a> {
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
    let attributes = graph
        .node
        .iter()
        .flat_map(|node| node.attribute.iter().map(move |a| (node, a)));
    for (node, attribute) in attributes {
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
    let read: HashSet<&str> = graph
        .node
        .iter()
        .flat_map(|n| &n.input)
        .map(String::as_str)
        .collect();
    let mut places = Vec::new();
    for tensor in &graph.initializer {
        let name = tensor.name();
        if !read.contains(name) {
            findings.push(format!("no node reads the initializer {name}"));
        }
        match place(component, tensor) {
            Ok(place) => places.extend(place),
            Err(problem) => findings.push(format!("initializer {name} {problem}")),
        }
    }
    places.sort_by_key(|place| (place.start, place.end));
    let overlaps = places.windows(2).filter(|pair| pair[0].end > pair[1].start);
    findings.extend(overlaps.map(|pair| {
        let [a, b] = [&pair[0], &pair[1]];
        format!(
            "initializers {} and {} share bytes of {}",
            a.name, b.name, component.data.name
        )
    }));
    findings
}

fn is_external(tensor: &TensorProto) -> bool {
    tensor.data_location() == DataLocation::External || !tensor.external_data.is_empty()
}

/// Where a tensor lies in the data file; `None` if it stands in the graph.
fn place<'a>(component: &Component, tensor: &'a TensorProto) -> Result<Option<Place<'a>>, String> {
    let bytes = bytes(tensor)?;
    if !is_external(tensor) {
        // Numbers may also stand in typed fields; runtimes refuse a wrong count of those.
        return match &tensor.raw_data {
            Some(raw) if raw.len() as u64 != bytes => {
                Err(format!("holds {} bytes, and its shape {bytes}", raw.len()))
            }
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
            "has {length} bytes in {}, and its shape {bytes}",
            data.name
        ));
    }
    match start.checked_add(length) {
        Some(end) if end <= data.size => Ok(Some(Place {
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
        Ok(DataType::Bool) => 1,
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
