use onnx::proto::{
    TensorProto,
    tensor_proto::{DataLocation, DataType},
};
use onnx::{OnnxModel, Opset};
use tensor::{DType, Dim};
use weights::{Layout, Matrix, Packing, WeightFormat};

use crate::support::{graph, graph_in};

const MIB: usize = 1 << 20;

/// A graph that reads parameters of these shapes, two of them as weights of products.
fn model(format: WeightFormat) -> OnnxModel {
    let shapes: [(&str, &[usize]); 7] = [
        ("m.a", &[3]),
        ("m.b", &[5, 2]),
        // The largest that is not mapped, and the smallest that is.
        ("m.c", &[MIB / 4 - 1]),
        ("m.d", &[MIB / 16, 4]),
        ("m.e", &[1]),
        ("m.f", &[17, 40]),
        ("m.unread", &[7]),
    ];
    let g = graph_in(format, Opset::MAX, &shapes);
    let m = g.scope("m");
    let x = g.input("x", DType::F32, &[Dim::Fixed(1)]);
    // In the order of their first use.
    let d = m.parameter("d");
    let sum = m.add(&m.add(&x, &d), &m.matrix("b"));
    let sum = ["a", "c", "d", "e"]
        .map(|name| m.parameter(name))
        .iter()
        .fold(sum, |sum, p| m.add(&sum, p));
    let sum = m.add(&sum, &m.matrix("f"));
    g.output("y", &sum, DType::F32, &[Dim::from("N")]);
    g.finish("some.data").unwrap()
}

#[test]
fn parameters_lie_in_the_order_of_their_use() {
    let model = model(WeightFormat::Q8);
    let found: Vec<_> = (model.data().parameters().iter())
        .map(|p| {
            let extent = |e: weights::Extent| (e.offset, e.size);
            (
                p.name.as_str(),
                p.layout,
                extent(p.values),
                p.scales.map(extent),
            )
        })
        .collect();
    let mib = MIB as u64;
    let after_d = mib;
    // One panel of two groups of four inputs, and its scales.
    let after_b = after_d + 128 + 64;
    let after_a = after_b + 64;
    // Right behind the last of them, at the next cache line.
    let after_c = after_a + mib;
    let after_e = after_c + 64;
    let after_f = after_e + 2 * 40 * 16 + 2 * 64;
    let scales = |at: u64| Some((at, 64));
    assert_eq!(
        found,
        [
            ("m.d", Layout::Vector, (0, mib), None),
            ("m.b", Layout::Linear, (after_d, 64), scales(after_d + 64)),
            ("m.a", Layout::Vector, (after_b - 64, 12), None),
            ("m.c", Layout::Vector, (after_a - 64, mib - 4), None),
            ("m.e", Layout::Vector, (after_c - 64, 4), None),
            (
                "m.f",
                Layout::Linear,
                (after_e - 64, 1280),
                Some((after_f - 192, 128))
            ),
        ]
    );
    assert_eq!(model.data().size(), after_f - 64);
}

#[test]
fn layouts_turn_shapes_into_matrices() {
    let matrix = |layout: Layout, shape: &[usize]| match layout.packing(shape, WeightFormat::Q8) {
        Some(Packing::Matrix(Matrix {
            inputs, outputs, ..
        })) => Some((inputs, outputs)),
        _ => None,
    };
    assert_eq!(matrix(Layout::Linear, &[3, 5]), Some((5, 3)));
    assert_eq!(matrix(Layout::Convolution, &[3, 5, 7]), Some((35, 3)));
    assert_eq!(
        matrix(Layout::TransposedConvolution, &[3, 5, 8]),
        Some((6, 20))
    );
    for (layout, shape) in [
        (Layout::Linear, &[3][..]),
        (Layout::Linear, &[3, 5, 1]),
        (Layout::Convolution, &[3, 5]),
        (Layout::TransposedConvolution, &[3, 5, 7]),
        (Layout::Table, &[3]),
    ] {
        assert_eq!(layout.packing(shape, WeightFormat::F32), None, "{layout:?}");
    }
}

#[test]
fn large_parameters_start_at_pages() {
    let g = graph(Opset::MAX, &[("m.small", &[1]), ("m.large", &[MIB / 4])]);
    let m = g.scope("m");
    let sum = m.add(&m.parameter("small"), &m.parameter("large"));
    g.output("y", &sum, DType::F32, &[Dim::from("N")]);
    let model = g.finish("some.data").unwrap();
    let offsets: Vec<_> = model
        .data()
        .parameters()
        .iter()
        .map(|p| p.values.offset)
        .collect();
    assert_eq!(offsets, [0, 4096]);
}

#[test]
fn the_graph_refers_to_the_data_file() {
    let model = model(WeightFormat::Q4);
    let initializers = &model.proto().graph.as_ref().unwrap().initializer;
    let entries = |tensor: &TensorProto| -> Vec<(String, String)> {
        let pair =
            |e: &onnx::proto::StringStringEntryProto| (e.key().to_owned(), e.value().to_owned());
        tensor.external_data.iter().map(pair).collect()
    };
    let parameter = |tensor: &TensorProto| {
        let name = tensor.name().trim_end_matches(".scale");
        (model.data().parameters().iter().find(|p| p.name == name)).unwrap()
    };
    let external = (initializers.iter()).filter(|t| t.data_location() == DataLocation::External);
    let mut found = Vec::new();
    for tensor in external {
        let parameter = parameter(tensor);
        let scales = parameter.name != tensor.name();
        let extent = if scales {
            parameter.scales.unwrap()
        } else {
            parameter.values
        };
        assert!(tensor.raw_data.is_none());
        let expected = [
            ("location", "some.data".to_owned()),
            ("offset", extent.offset.to_string()),
            ("length", extent.size.to_string()),
        ];
        assert_eq!(entries(tensor), expected.map(|(k, v)| (k.to_owned(), v)));
        let element = DataType::try_from(tensor.data_type()).unwrap();
        found.push((tensor.name(), element, tensor.dims.clone()));
    }
    let mib = MIB as i64;
    assert_eq!(
        found,
        [
            ("m.d", DataType::Float, vec![mib / 16, 4]),
            ("m.b", DataType::Uint8, vec![1, 4, 16, 4]),
            ("m.b.scale", DataType::Int8, vec![1, 2, 16]),
            ("m.a", DataType::Float, vec![3]),
            ("m.c", DataType::Float, vec![mib / 4 - 1]),
            ("m.e", DataType::Float, vec![1]),
            ("m.f", DataType::Uint8, vec![2, 8, 16, 4]),
            ("m.f.scale", DataType::Int8, vec![2, 3, 16]),
        ]
    );
}

#[test]
fn a_written_graph_reads_back() {
    use prost::Message;
    let model = model(WeightFormat::F32);
    let mut bytes = Vec::new();
    model.write(&mut bytes).unwrap();
    let read = onnx::proto::ModelProto::decode(bytes.as_slice()).unwrap();
    assert_eq!(read, *model.proto());
}
