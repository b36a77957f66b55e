use onnx::proto::{TensorProto, ValueInfoProto};
use onnx::{Graph, GraphError, OnnxModel, Opset};
use tensor::{DType, Dim};

use crate::support::{graph, nodes};

const F32: DType = DType::F32;

fn shape() -> [Dim; 1] {
    [Dim::from("N")]
}

fn finished(build: impl Fn(&Graph)) -> Result<OnnxModel, GraphError> {
    let g = graph(Opset::MAX, &[("m.weight", &[2, 3]), ("m.bias", &[3])]);
    build(&g);
    g.finish("test.onnx.data")
}

/// A mistake, and what it is called.
struct Case {
    name: &'static str,
    build: fn(&Graph),
    message: &'static str,
}

#[test]
fn mistakes_are_named() {
    let cases = [
        Case {
            name: "two inputs",
            build: |g| {
                let x = g.input("x", F32, &shape());
                let again = g.input("x", F32, &shape());
                g.output("y", &g.scope("m").add(&x, &again), F32, &shape());
            },
            message: "graph test: x is there twice",
        },
        Case {
            name: "two outputs",
            build: |g| {
                let x = g.input("x", F32, &shape());
                g.output("y", &g.scope("m").sqrt(&x), F32, &shape());
                g.output("y", &g.scope("m").sin(&x), F32, &shape());
            },
            message: "graph test: y is there twice",
        },
        Case {
            name: "an output called as an input",
            build: |g| {
                let x = g.input("x", F32, &shape());
                g.output("x", &g.scope("m").sqrt(&x), F32, &shape());
            },
            message: "graph test: x is there twice",
        },
        Case {
            name: "an input called as an output",
            build: |g| {
                let x = g.input("x", F32, &shape());
                g.output("y", &g.scope("m").sqrt(&x), F32, &shape());
                let y = g.input("y", F32, &shape());
                g.output("z", &y, F32, &shape());
            },
            message: "graph test: y is there twice",
        },
        Case {
            name: "unused input",
            build: |g| {
                let x = g.input("x", F32, &shape());
                g.input("z", F32, &shape());
                g.output("y", &g.scope("m").sqrt(&x), F32, &shape());
            },
            message: "graph test: nothing reads z",
        },
        Case {
            name: "unused constant",
            build: |g| {
                let x = g.input("x", F32, &shape());
                let m = g.scope("m");
                m.constant("ones", &[2], &[1.0; 2]);
                g.output("y", &m.sqrt(&x), F32, &shape());
            },
            message: "graph test: nothing reads m/ones",
        },
    ];
    assert_named(&cases);
}

#[test]
fn mistakes_with_parameters_are_named() {
    let cases = [
        Case {
            name: "unknown parameter",
            build: |g| {
                let x = g.input("x", F32, &shape());
                let m = g.scope("m.child");
                g.output("y", &m.add(&x, &m.parameter("weight")), F32, &shape());
            },
            message: "graph test: no tensor is called m.child.weight",
        },
        Case {
            name: "two layouts",
            build: |g| {
                let m = g.scope("m");
                let x = m.add(&m.matrix("weight"), &m.parameter("weight"));
                g.output("y", &x, F32, &shape());
            },
            message: "graph test: m.weight is read in two layouts",
        },
        Case {
            name: "a linear layer that is none",
            build: |g| {
                let m = g.scope("m");
                g.output("y", &m.matrix("bias"), F32, &shape());
            },
            message: "graph test: m.bias of shape [3] does not fit its operator",
        },
        Case {
            name: "convolution without parameters",
            build: |g| {
                let x = g.input("x", F32, &shape());
                let y = g.scope("c").conv(&x, onnx::Convolution::default());
                g.output("y", &y, F32, &shape());
            },
            message: "graph test: no tensor is called c.weight",
        },
        Case {
            name: "the first of two mistakes",
            build: |g| {
                let m = g.scope("m");
                let x = m.add(&m.parameter("first"), &m.parameter("second"));
                g.output("y", &x, F32, &shape());
            },
            message: "graph test: no tensor is called m.first",
        },
    ];
    assert_named(&cases);
}

fn assert_named(cases: &[Case]) {
    let mut wrong = Vec::new();
    for case in cases {
        let message = finished(case.build).map_or_else(|e| e.to_string(), |m| nodes(&m));
        if message != case.message {
            wrong.push(format!("{}: {message}", case.name));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn nodes_are_numbered() {
    let model = finished(|g| {
        let x = g.input("x", F32, &shape());
        let m = g.scope("m");
        // The second name is taken already when it comes.
        let x = g.scope("m/Sqrt_2").linear_by(&x, &m.parameter("bias"));
        let x = m.sin(&m.sqrt(&m.sqrt(&x)));
        // Modules that are one node carry its name alone.
        let x = m.linear(&x);
        let [a, b] = [0, 1].map(|i| m.split(&x, &[1, 2], 1)[i].clone());
        g.output("y", &m.concat(&[&a, &b], 0), F32, &shape());
    });
    insta::assert_snapshot!(nodes(&model.unwrap()), @"
    m/Sqrt_2: MatMul(x, m.bias) -> m/Sqrt_2
    m/Sqrt: Sqrt(m/Sqrt_2) -> m/Sqrt
    m/Sqrt_3: Sqrt(m/Sqrt) -> m/Sqrt_3
    m/Sin: Sin(m/Sqrt_3) -> m/Sin
    m.weight/Transpose: Transpose(m.weight) -> m.weight/Transpose
    m.weight/Reshape: Reshape(m.weight/Transpose, i64 [3, 16]) -> m.weight/Reshape
    m.weight/Slice: Slice(m.weight/Reshape, i64 [0, 0], i64 [3, 2]) -> m.weight/Slice
    m/MatMul: MatMul(m/Sin, m.weight/Slice) -> m/MatMul
    m: Add(m/MatMul, m.bias) -> m
    m/Split: Split(m, i64 [1, 2]) -> m/Split:0, m/Split:1
    m/Split_2: Split(m, i64 [1, 2]) -> m/Split_2:0, m/Split_2:1
    m/Concat: Concat(m/Split:0, m/Split_2:1) -> y
    ");
}

#[test]
fn outputs_are_renamed_where_they_stand() {
    let model = finished(|g| {
        let x = g.input("x", F32, &shape());
        let m = g.scope("m");
        let y = m.sqrt(&x);
        // Read by other nodes, before and after it is declared.
        let z = m.sin(&y);
        g.output("y", &y, F32, &shape());
        g.output("z", &m.add(&y, &z), F32, &shape());
    });
    insta::assert_snapshot!(nodes(&model.unwrap()), @"
    m/Sqrt: Sqrt(x) -> y
    m/Sin: Sin(y) -> m/Sin
    m/Add: Add(y, m/Sin) -> z
    ");
}

#[test]
fn what_cannot_be_renamed_is_copied() {
    let model = finished(|g| {
        let x = g.input("x", F32, &shape());
        let m = g.scope("m");
        let y = m.sqrt(&x);
        for (name, value) in [
            ("first", &y),
            ("second", &y),
            ("input", &x),
            ("parameter", &m.parameter("bias")),
            ("constant", &m.scalar(2.0)),
        ] {
            g.output(name, value, F32, &shape());
        }
    });
    let model = model.unwrap();
    insta::assert_snapshot!(nodes(&model), @"
    m/Sqrt: Sqrt(x) -> first
    second: Identity(first) -> second
    input: Identity(x) -> input
    parameter: Identity(m.bias) -> parameter
    constant: Identity(f32 2) -> constant
    ");
    let outputs = &model.proto().graph.as_ref().unwrap().output;
    let names: Vec<_> = outputs.iter().map(ValueInfoProto::name).collect();
    assert_eq!(names, ["first", "second", "input", "parameter", "constant"]);
}

#[test]
fn constants_are_shared() {
    let model = finished(|g| {
        let x = g.input("x", F32, &shape());
        let (m, n) = (g.scope("m"), g.scope("n"));
        let values = [
            m.scalar(0.5),
            n.scalar(0.5),
            m.scalar(-0.0),
            m.scalar(0.0),
            m.constant("own", &[1], &[1.0]),
            n.constant("own", &[1], &[2.0]),
            m.constant("own", &[1], &[1.0]),
            m.to_f32(&m.int(1)),
            m.to_f32(&n.int(1)),
            m.to_f32(&m.ints(&[1])),
        ];
        let sum = values.iter().fold(x, |sum, value| m.add(&sum, value));
        g.output("y", &sum, F32, &shape());
    });
    let model = model.unwrap();
    let initializers = &model.proto().graph.as_ref().unwrap().initializer;
    let names: Vec<_> = initializers.iter().map(TensorProto::name).collect();
    assert_eq!(
        names,
        [
            "f32 0.5", "f32 -0", "f32 0", "m/own", "n/own", "i64 1", "i64 [1]"
        ]
    );
}
