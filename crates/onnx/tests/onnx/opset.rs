use onnx::proto::AttributeProto;
use onnx::{OnnxModel, Opset, UnsupportedOpset};
use tensor::{DType, Dim};

use crate::support::{graph, nodes, opset};

#[test]
fn versions_that_can_be_written() {
    for version in [i64::MIN, 0, 16, 24, i64::MAX] {
        assert_eq!(Opset::new(version), Err(UnsupportedOpset(version)));
    }
    assert_eq!(
        UnsupportedOpset(16).to_string(),
        "opset 16 is not supported: choose 17 to 23"
    );
    // The file format's version of each.
    let versions = (17..=23).map(|v| (v, opset(v).ir_version()));
    let expected = [
        (17, 8),
        (18, 8),
        (19, 9),
        (20, 9),
        (21, 10),
        (22, 10),
        (23, 11),
    ];
    assert!(versions.eq(expected));
}

fn model(version: i64) -> OnnxModel {
    let g = graph(opset(version), &[]);
    let m = g.scope("m");
    let shape = [Dim::Fixed(2), Dim::Fixed(3)];
    let x = g.input("x", DType::F32, &shape);
    let y = m.add(&m.mean(&x, 1), &m.gelu_tanh(&x));
    g.output("y", &y, DType::F32, &shape);
    g.finish("test.onnx.data").unwrap()
}

#[test]
fn a_model_says_what_it_is_written_for() {
    for version in 17..=23 {
        let model = model(version);
        let proto = model.proto();
        assert_eq!(proto.ir_version(), opset(version).ir_version());
        let [import] = &proto.opset_import[..] else {
            panic!("{:?}", proto.opset_import);
        };
        assert_eq!((import.domain(), import.version()), ("", version));
    }
}

#[test]
fn operators_take_the_form_of_the_opset() {
    insta::assert_snapshot!(nodes(&model(17)), @"
    m/ReduceMean: ReduceMean(x) -> m/ReduceMean
    m/Pow: Pow(x, f32 3) -> m/Pow
    m/Mul: Mul(m/Pow, f32 0.044715) -> m/Mul
    m/Add: Add(x, m/Mul) -> m/Add
    m/Mul_2: Mul(m/Add, f32 0.7978846) -> m/Mul_2
    m/Tanh: Tanh(m/Mul_2) -> m/Tanh
    m/Add_2: Add(m/Tanh, f32 1) -> m/Add_2
    m/Mul_3: Mul(x, f32 0.5) -> m/Mul_3
    m/Mul_4: Mul(m/Mul_3, m/Add_2) -> m/Mul_4
    m/Add_3: Add(m/ReduceMean, m/Mul_4) -> y
    ");
    assert_eq!(nodes(&model(18)), nodes(&model(19)));
    insta::assert_snapshot!(nodes(&model(19)), @"
    m/ReduceMean: ReduceMean(x, i64 [1]) -> m/ReduceMean
    m/Pow: Pow(x, f32 3) -> m/Pow
    m/Mul: Mul(m/Pow, f32 0.044715) -> m/Mul
    m/Add: Add(x, m/Mul) -> m/Add
    m/Mul_2: Mul(m/Add, f32 0.7978846) -> m/Mul_2
    m/Tanh: Tanh(m/Mul_2) -> m/Tanh
    m/Add_2: Add(m/Tanh, f32 1) -> m/Add_2
    m/Mul_3: Mul(x, f32 0.5) -> m/Mul_3
    m/Mul_4: Mul(m/Mul_3, m/Add_2) -> m/Mul_4
    m/Add_3: Add(m/ReduceMean, m/Mul_4) -> y
    ");
    insta::assert_snapshot!(nodes(&model(20)), @"
    m/ReduceMean: ReduceMean(x, i64 [1]) -> m/ReduceMean
    m/Gelu: Gelu(x) -> m/Gelu
    m/Add: Add(m/ReduceMean, m/Gelu) -> y
    ");
    assert_eq!(nodes(&model(20)), nodes(&model(23)));

    // Axes are an attribute, or an input.
    for (version, attributes) in [(17, vec!["axes", "keepdims"]), (18, vec!["keepdims"])] {
        let model = model(version);
        let nodes = &model.proto().graph.as_ref().unwrap().node;
        let names: Vec<_> = nodes[0]
            .attribute
            .iter()
            .map(AttributeProto::name)
            .collect();
        assert_eq!(names, attributes, "opset {version}");
    }
}
