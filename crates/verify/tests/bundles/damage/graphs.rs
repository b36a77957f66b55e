//! Damage to graphs whose digests are right, so that nothing else can find it.

use std::path::Path;

use bundle::ComponentName;
use onnx::proto::{
    NodeProto, OperatorSetIdProto, StringStringEntryProto, TensorProto, tensor_proto::DataLocation,
};

use super::{Case, case};
use crate::support::{edit_file, edit_graph};

use ComponentName::{FlowLm, FlowNet, MimiDecoder, TextConditioner};

/// Damage to graphs.
pub(super) fn graphs() -> Vec<Case> {
    vec![
        case(
            |dir| edit_file(dir, "flow_net.onnx", |bytes| bytes.fill(0xa5)),
            FlowNet,
            "graph",
            "flow_net.onnx is not an ONNX model",
        ),
        case(
            |dir| edit_file(dir, "flow_net.onnx", Vec::clear),
            FlowNet,
            "graph",
            "flow_net.onnx is an ONNX model without a graph",
        ),
        case(
            |dir| {
                edit_graph(dir, FlowNet, |model| {
                    model.opset_import[0].version = Some(18);
                });
            },
            FlowNet,
            "opset",
            "[\"\" 18]",
        ),
        case(
            |dir| {
                edit_graph(dir, FlowNet, |model| {
                    model.opset_import.push(OperatorSetIdProto {
                        domain: Some("com.microsoft".to_owned()),
                        version: Some(1),
                    });
                });
            },
            FlowNet,
            "opset",
            "\"com.microsoft\" 1",
        ),
    ]
}

/// Damage to nodes.
pub(super) fn nodes() -> Vec<Case> {
    vec![
        case(
            |dir| {
                edit_nodes(dir, FlowLm, |nodes| {
                    nodes[3].domain = Some("com.example".to_owned());
                });
            },
            FlowLm,
            "nodes",
            "of the domain com.example",
        ),
        case(
            |dir| edit_nodes(dir, FlowLm, |nodes| nodes[4].name = nodes[3].name.clone()),
            FlowLm,
            "nodes",
            "two nodes are called",
        ),
        case(
            |dir| {
                edit_nodes(dir, FlowLm, |nodes| {
                    let mut inside = nodes.iter_mut().flat_map(|node| &mut node.attribute);
                    let branch = inside.find_map(|a| a.g.as_mut()).unwrap();
                    "elsewhere".clone_into(&mut branch.node[1].input[0]);
                });
            },
            FlowLm,
            "nodes",
            "reads elsewhere, which nothing before it gives",
        ),
        case(
            |dir| edit_nodes(dir, MimiDecoder, |nodes| nodes.reverse()),
            MimiDecoder,
            "nodes",
            "which nothing before it gives",
        ),
        case(
            |dir| {
                edit_nodes(dir, TextConditioner, |nodes| {
                    for input in nodes.iter_mut().flat_map(|node| &mut node.input) {
                        if input == "token_ids" {
                            "ids".clone_into(input);
                        }
                    }
                });
            },
            TextConditioner,
            "nodes",
            "no node reads the input token_ids",
        ),
        case(
            |dir| {
                edit_nodes(dir, FlowNet, |nodes| {
                    nodes[3].op_type = Some("Add3".to_owned());
                });
            },
            FlowNet,
            "run",
            "rten cannot load",
        ),
    ]
}

/// Damage to what graphs say of their weights.
pub(super) fn weights() -> Vec<Case> {
    vec![
        case(
            |dir| {
                edit_weights(dir, FlowLm, |[first, second]| {
                    let offset = external(first, "offset").clone();
                    *external(second, "offset") = offset;
                });
            },
            FlowLm,
            "weights",
            "share bytes of flow_lm.onnx.data",
        ),
        case(
            |dir| {
                edit_weights(dir, FlowLm, |[first, _]| {
                    "99999999999".clone_into(external(first, "offset"));
                });
            },
            FlowLm,
            "weights",
            "and the file has",
        ),
        case(
            |dir| {
                edit_weights(dir, MimiDecoder, |[first, _]| {
                    "/etc/passwd".clone_into(external(first, "location"));
                });
            },
            MimiDecoder,
            "weights",
            "lies in \"/etc/passwd\"",
        ),
        case(
            |dir| {
                edit_weights(dir, MimiDecoder, |[first, _]| {
                    first.dims.push(2);
                });
            },
            MimiDecoder,
            "weights",
            "where its shape needs",
        ),
    ]
}

fn edit_nodes(dir: &Path, name: ComponentName, edit: impl FnOnce(&mut Vec<NodeProto>)) {
    edit_graph(dir, name, |model| {
        edit(&mut model.graph.as_mut().unwrap().node);
    });
}

/// Changes the first two initializers that lie outside the graph.
fn edit_weights(dir: &Path, name: ComponentName, edit: impl FnOnce([&mut TensorProto; 2])) {
    edit_graph(dir, name, |model| {
        let tensors = model.graph.as_mut().unwrap().initializer.iter_mut();
        let mut external = tensors.filter(|t| t.data_location() == DataLocation::External);
        edit([external.next().unwrap(), external.next().unwrap()]);
    });
}

fn external<'a>(tensor: &'a mut TensorProto, key: &str) -> &'a mut String {
    let is_it = |entry: &&mut StringStringEntryProto| entry.key() == key;
    let entry = tensor.external_data.iter_mut().find(is_it).unwrap();
    entry.value.as_mut().unwrap()
}
