//! Weights of every format, unpacked by both runtimes.

use onnx::{Opset, Scope, Value};
use tempfile::TempDir;
use tensor::{DType, Dim, Tensor};
use weights::{Layout, Matrix, PANEL, Packing, WeightFormat};

use crate::support::{PartialReader, backends, chain, graph_in, nodes, opset};

/// Numbers from -1 to 1.
fn noise(count: usize) -> Vec<f32> {
    let value = |i: usize| ((i as u32).wrapping_mul(2_654_435_761) >> 8) as f32;
    (0..count)
        .map(|i| value(i) / (1 << 23) as f32 - 1.0)
        .collect()
}

/// What the backends that read the format give for `build` on the parameter `m.weight`.
fn computed(
    format: WeightFormat,
    version: i64,
    shape: &[usize],
    build: &dyn Fn(&Scope<'_>) -> Value,
) -> Vec<(String, Vec<f32>)> {
    let g = graph_in(format, opset(version), &[("m.weight", shape)]);
    let value = build(&g.scope("m"));
    let free = [Dim::from("a"), Dim::from("b")];
    g.output("y", &value, DType::F32, &free);
    let model = g.finish("test.onnx.data").unwrap();
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("test.onnx");
    model
        .write(&mut std::fs::File::create(&path).unwrap())
        .unwrap();
    let mut data = std::fs::File::create(dir.path().join("test.onnx.data")).unwrap();
    let count = shape.iter().product();
    let open = |_: &weights::PlacedParameter| Ok::<_, String>(PartialReader::new(noise(count)));
    model.data().write(&mut data, open, |_| {}).unwrap();
    let run = |backend: Box<dyn runtime::GraphBackend>| {
        let mut graph = backend.load_graph(&path)?;
        let y: Tensor = graph.run(&[], &["y"])?.remove(0);
        Ok::<_, runtime::RuntimeError>((backend.name().to_owned(), y.as_f32().unwrap().to_vec()))
    };
    let [rten, onnx_runtime] = backends();
    let mut found = Vec::new();
    for backend in [onnx_runtime, rten] {
        if !backend.reads(format) {
            continue;
        }
        found.push(run(backend).unwrap_or_else(|e| panic!("{format}: {}", chain(&e))));
    }
    found
}

#[test]
fn graphs_unpack_exactly_what_the_formats_say() {
    let mut problems = Vec::new();
    for format in WeightFormat::ALL {
        // Panels and groups that are filled up, and some that are whole.
        for (outputs, inputs) in [(16, 32), (32, 64), (17, 33), (3, 1), (1, 70), (40, 31)] {
            let matrix = Matrix {
                format,
                inputs,
                outputs,
            };
            let (values, scales) = matrix.pack(&noise(inputs * outputs));
            let expected = matrix.unpack(&values, &scales);
            for version in [17, 23] {
                let shape = [outputs, inputs];
                let found = computed(format, version, &shape, &|m| m.matrix("weight"));
                for (backend, found) in found {
                    if found != expected {
                        problems.push(format!(
                            "{format}, [{outputs}, {inputs}], {backend}, opset {version}"
                        ));
                    }
                }
            }
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn tables_are_looked_up_in_every_format() {
    let mut problems = Vec::new();
    for format in WeightFormat::ALL {
        let (rows, width) = (5, 6);
        let Some(Packing::Table(table)) = Layout::Table.packing(&[rows, width], format) else {
            panic!("{format}");
        };
        let all = noise(rows * width);
        let mut expected = Vec::new();
        for row in [3, 0, 3] {
            let mut bytes = vec![0; table.row_bytes()];
            let scale = table.pack_row(&all[row * width..][..width], &mut bytes);
            let mut out = vec![0.0; width];
            table.unpack_row(&bytes, scale.unwrap_or_default(), &mut out);
            expected.extend(out);
        }
        let lookup = |m: &Scope<'_>| m.lookup("weight", &m.ints(&[3, 0, 3]));
        for (backend, found) in computed(format, 17, &[rows, width], &lookup) {
            if found != expected {
                problems.push(format!("{format}, {backend}: {found:?}, not {expected:?}"));
            }
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn kernels_come_back_in_the_checkpoint_s_order() {
    let shape = [5, 3, 4];
    let expected = noise(60);
    let flat = |m: &Scope<'_>| m.reshape(&m.convolution_weight("weight"), &[1, -1]);
    for (backend, found) in computed(WeightFormat::F32, 17, &shape, &flat) {
        assert_eq!(found, expected, "{backend}");
    }
    // [2 * in, stride * out]
    let transposed = |m: &Scope<'_>| m.transposed_kernel("weight");
    for (backend, found) in computed(WeightFormat::F32, 17, &shape, &transposed) {
        let mut places = Vec::new();
        for half in [2, 0] {
            for i in 0..5 {
                for position in 0..2 {
                    places.extend((0..3).map(|o| (i * 3 + o) * 4 + half + position));
                }
            }
        }
        let expected: Vec<f32> = places.into_iter().map(|at| expected[at]).collect();
        assert_eq!(found, expected, "{backend}");
    }
}

/// The nodes that unpack `m.weight [5, 40]`.
fn unpacking(format: WeightFormat) -> String {
    let g = graph_in(format, Opset::MIN, &[("m.weight", &[5, 40])]);
    g.output("y", &g.scope("m").matrix("weight"), DType::F32, &[]);
    nodes(&g.finish("test.onnx.data").unwrap())
}

#[test]
fn snapshots() {
    assert_eq!(PANEL, 16);
    insta::assert_snapshot!(unpacking(WeightFormat::F32), @"
    m.weight/Transpose: Transpose(m.weight) -> m.weight/Transpose
    m.weight/Reshape: Reshape(m.weight/Transpose, i64 [40, 16]) -> m.weight/Reshape
    m.weight/Slice: Slice(m.weight/Reshape, i64 [0, 0], i64 [40, 5]) -> y
    ");
    insta::assert_snapshot!(unpacking(WeightFormat::Bf16), @"
    m.weight/Transpose: Transpose(m.weight) -> m.weight/Transpose
    m.weight/Reshape: Reshape(m.weight/Transpose, i64 [40, 16]) -> m.weight/Reshape
    m.weight/Cast: Cast(m.weight/Reshape) -> m.weight/Cast
    m.weight/Slice: Slice(m.weight/Cast, i64 [0, 0], i64 [40, 5]) -> y
    ");
    insta::assert_snapshot!(unpacking(WeightFormat::Q8), @"
    m.weight/Transpose: Transpose(m.weight) -> m.weight/Transpose
    m.weight/Reshape: Reshape(m.weight/Transpose, i64 [40, 16]) -> m.weight/Reshape
    m.weight/Cast: Cast(m.weight/Reshape) -> m.weight/Cast
    m.weight/Mul: Mul(m.weight/Cast, m.weight.scale) -> m.weight/Mul
    m.weight/Slice: Slice(m.weight/Mul, i64 [0, 0], i64 [40, 5]) -> y
    ");
    assert_eq!(unpacking(WeightFormat::Q16), unpacking(WeightFormat::Q8));
    insta::assert_snapshot!(unpacking(WeightFormat::Q6), @"
    m.weight/Transpose: Transpose(m.weight) -> m.weight/Transpose
    m.weight/Reshape: Reshape(m.weight/Transpose, i64 [2, 2, 3, 4, 16]) -> m.weight/Reshape
    m.weight/Cast: Cast(m.weight/Reshape) -> m.weight/Cast
    m.weight/Gather: Gather(q6 lower, m.weight/Cast) -> m.weight/Gather
    m.weight/Gather_2: Gather(q6 upper, m.weight/Cast) -> m.weight/Gather_2
    m.weight/Mul: Mul(m.weight/Gather_2, q6 powers) -> m.weight/Mul
    m.weight/ReduceSum: ReduceSum(m.weight/Mul, i64 [2]) -> m.weight/ReduceSum
    m.weight/Sub: Sub(m.weight/ReduceSum, f32 32) -> m.weight/Sub
    m.weight/Concat: Concat(m.weight/Gather, m.weight/Sub) -> m.weight/Concat
    m.weight/Transpose_2: Transpose(m.weight.scale) -> m.weight/Transpose_2
    m.weight/Reshape_2: Reshape(m.weight/Transpose_2, i64 [3, 1, 1, 1, 16]) -> m.weight/Reshape_2
    m.weight/Slice: Slice(m.weight/Reshape_2, i64 [0], i64 [1], i64 [0]) -> m.weight/Slice
    m.weight/Cast_2: Cast(m.weight/Slice) -> m.weight/Cast_2
    m.weight/Slice_2: Slice(m.weight/Reshape_2, i64 [1], i64 [3], i64 [0]) -> m.weight/Slice_2
    m.weight/Cast_3: Cast(m.weight/Slice_2) -> m.weight/Cast_3
    m.weight/Gather_3: Gather(powers of two, m.weight/Cast_2) -> m.weight/Gather_3
    m.weight/Mul_2: Mul(m.weight/Cast_3, m.weight/Gather_3) -> m.weight/Mul_2
    m.weight/Mul_3: Mul(m.weight/Concat, m.weight/Mul_2) -> m.weight/Mul_3
    m.weight/Reshape_3: Reshape(m.weight/Mul_3, i64 [64, 16]) -> m.weight/Reshape_3
    m.weight/Slice_3: Slice(m.weight/Reshape_3, i64 [0, 0], i64 [40, 5]) -> y
    ");
    insta::assert_snapshot!(unpacking(WeightFormat::Q4), @"
    m.weight/Transpose: Transpose(m.weight) -> m.weight/Transpose
    m.weight/Reshape: Reshape(m.weight/Transpose, i64 [2, 4, 1, 4, 16]) -> m.weight/Reshape
    m.weight/Transpose_2: Transpose(m.weight.scale) -> m.weight/Transpose_2
    m.weight/Reshape_2: Reshape(m.weight/Transpose_2, i64 [3, 1, 1, 1, 16]) -> m.weight/Reshape_2
    m.weight/Slice: Slice(m.weight/Reshape_2, i64 [0], i64 [1], i64 [0]) -> m.weight/Slice
    m.weight/Cast: Cast(m.weight/Slice) -> m.weight/Cast
    m.weight/Slice_2: Slice(m.weight/Reshape_2, i64 [1], i64 [3], i64 [0]) -> m.weight/Slice_2
    m.weight/Cast_2: Cast(m.weight/Slice_2) -> m.weight/Cast_2
    m.weight/Gather: Gather(powers of two, m.weight/Cast) -> m.weight/Gather
    m.weight/Mul: Mul(m.weight/Cast_2, m.weight/Gather) -> m.weight/Mul
    m.weight/Cast_3: Cast(m.weight/Reshape) -> m.weight/Cast_3
    m.weight/Gather_2: Gather(q4 lower, m.weight/Cast_3) -> m.weight/Gather_2
    m.weight/Mul_2: Mul(m.weight/Gather_2, m.weight/Mul) -> m.weight/Mul_2
    m.weight/Gather_3: Gather(q4 upper, m.weight/Cast_3) -> m.weight/Gather_3
    m.weight/Mul_3: Mul(m.weight/Gather_3, m.weight/Mul) -> m.weight/Mul_3
    m.weight/Concat: Concat(m.weight/Mul_2, m.weight/Mul_3) -> m.weight/Concat
    m.weight/Reshape_3: Reshape(m.weight/Concat, i64 [64, 16]) -> m.weight/Reshape_3
    m.weight/Slice_3: Slice(m.weight/Reshape_3, i64 [0, 0], i64 [40, 5]) -> y
    ");
}
