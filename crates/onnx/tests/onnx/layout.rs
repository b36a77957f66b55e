use onnx::proto::{TensorProto, tensor_proto::DataLocation};
use onnx::{Dim, ElementType, Layout, Model, Opset};

use crate::support::graph;

const MIB: usize = 1 << 20;

/// A graph that reads parameters of these shapes, the second transposed.
fn model() -> Model {
    let shapes: [(&str, &[usize]); 6] = [
        ("m.a", &[3]),
        ("m.b", &[5, 2]),
        // The largest that is not mapped, and the smallest that is.
        ("m.c", &[MIB / 4 - 1]),
        ("m.d", &[MIB / 16, 4]),
        ("m.e", &[1]),
        ("m.unread", &[7]),
    ];
    let g = graph(Opset::MAX, &shapes);
    let m = g.scope("m");
    let x = g.input("x", ElementType::F32, &[Dim::Fixed(1)]);
    // In the order of their first use.
    let d = m.parameter("d");
    let sum = m.add(&m.add(&x, &d), &m.transposed_parameter("b"));
    let sum = ["a", "c", "d", "e"]
        .map(|name| m.parameter(name))
        .iter()
        .fold(sum, |sum, p| m.add(&sum, p));
    g.output("y", &sum, ElementType::F32, &[Dim::Symbol("N")]);
    g.finish("some.data").unwrap()
}

#[test]
fn parameters_lie_in_the_order_of_their_use() {
    let model = model();
    let found: Vec<_> = model
        .parameters()
        .iter()
        .map(|p| (p.name.as_str(), p.shape.clone(), p.layout, p.offset, p.size))
        .collect();
    let mib = MIB as u64;
    let after_d = mib;
    let after_b = after_d + 64;
    let after_a = after_b + 64;
    // Right behind the last of them, at the next cache line.
    let after_c = after_a + mib;
    assert_eq!(
        found,
        [
            ("m.d", vec![MIB / 16, 4], Layout::AsIs, 0, mib),
            ("m.b", vec![2, 5], Layout::Transposed, after_d, 40),
            ("m.a", vec![3], Layout::AsIs, after_b, 12),
            ("m.c", vec![MIB / 4 - 1], Layout::AsIs, after_a, mib - 4),
            ("m.e", vec![1], Layout::AsIs, after_c, 4),
        ]
    );
    assert_eq!(model.data_size(), after_c + 4);
}

#[test]
fn large_parameters_start_at_pages() {
    let g = graph(Opset::MAX, &[("m.small", &[1]), ("m.large", &[MIB / 4])]);
    let m = g.scope("m");
    let sum = m.add(&m.parameter("small"), &m.parameter("large"));
    g.output("y", &sum, ElementType::F32, &[Dim::Symbol("N")]);
    let model = g.finish("some.data").unwrap();
    let offsets: Vec<_> = model.parameters().iter().map(|p| p.offset).collect();
    assert_eq!(offsets, [0, 4096]);
}

#[test]
fn the_graph_refers_to_the_data_file() {
    let model = model();
    let initializers = &model.proto().graph.as_ref().unwrap().initializer;
    let entries = |tensor: &TensorProto| -> Vec<(String, String)> {
        let pair =
            |e: &onnx::proto::StringStringEntryProto| (e.key().to_owned(), e.value().to_owned());
        tensor.external_data.iter().map(pair).collect()
    };
    assert_eq!(initializers.len(), model.parameters().len());
    for (tensor, parameter) in initializers.iter().zip(model.parameters()) {
        assert_eq!(tensor.name(), parameter.name);
        assert_eq!(tensor.data_location(), DataLocation::External);
        assert!(tensor.raw_data.is_none());
        let dims: Vec<_> = parameter.shape.iter().map(|&d| d as i64).collect();
        assert_eq!(tensor.dims, dims);
        let expected = [
            ("location", "some.data".to_owned()),
            ("offset", parameter.offset.to_string()),
            ("length", parameter.size.to_string()),
        ];
        assert_eq!(entries(tensor), expected.map(|(k, v)| (k.to_owned(), v)));
    }
}

#[test]
fn a_written_graph_reads_back() {
    use prost::Message;
    let model = model();
    let mut bytes = Vec::new();
    model.write(&mut bytes).unwrap();
    let read = onnx::proto::ModelProto::decode(bytes.as_slice()).unwrap();
    assert_eq!(read, *model.proto());
}
