//! What both backends compute.

use tensor::{Tensor, TensorView};

use crate::support::{backends, chain, models};

#[test]
fn weights_come_from_the_data_file() {
    for backend in backends() {
        let mut graph = backend.load_graph(&models().join("gather.onnx")).unwrap();
        assert_eq!(graph.inputs(), ["ids"]);
        assert_eq!(graph.outputs(), ["embeddings", "following"]);
        let ids = TensorView::i64(&[1, 2], &[4, 0]).unwrap();
        // Outputs come in the order asked for.
        let outputs = graph.run(&[("ids", ids)], &["following", "embeddings"]);
        let rows = vec![16.0, 17.0, 18.0, 19.0, 0.0, 1.0, 2.0, 3.0];
        let expected = [
            Tensor::i64([1, 2], vec![5, 1]).unwrap(),
            Tensor::f32([1, 2, 4], rows).unwrap(),
        ];
        assert_eq!(outputs.unwrap(), expected, "{}", backend.name());

        let none = TensorView::i64(&[1, 0], &[]).unwrap();
        let outputs = graph.run(&[("ids", none)], &["embeddings"]).unwrap();
        assert_eq!(outputs[0].shape(), [1, 0, 4], "{}", backend.name());
    }
}

#[test]
fn sizes_may_be_zero() {
    let nan = f32::NAN;
    let cases: [(&[f32], &[f32], &[f32]); 5] = [
        // One row attends to itself alone.
        (&[], &[1.0, 2.0], &[1.0, 2.0]),
        (&[], &[], &[]),
        (&[3.0, 4.0], &[], &[]),
        // Two equal rows.
        (&[1.0, 2.0], &[1.0, 2.0], &[1.0, 2.0]),
        // NaN is replaced, one value at a time.
        (&[1.0, 2.0], &[nan, nan], &[7.0, 8.0]),
    ];
    let mut wrong = Vec::new();
    for backend in backends() {
        let mut graph = backend.load_graph(&models().join("empty.onnx")).unwrap();
        for (i, (past, x, expected)) in cases.iter().enumerate() {
            let past_shape = [1, past.len() / 2, 2];
            let shape = [1, x.len() / 2, 2];
            let past = TensorView::f32(&past_shape, past).unwrap();
            let x = TensorView::f32(&shape, x).unwrap();
            match graph.run(&[("past", past), ("x", x)], &["filled"]) {
                Ok(outputs) if outputs[0].shape() == shape && close(&outputs[0], expected) => {}
                Ok(outputs) => wrong.push((backend.name(), i, format!("{outputs:?}"))),
                Err(e) => wrong.push((backend.name(), i, chain(&e))),
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn close(tensor: &Tensor, expected: &[f32]) -> bool {
    let values = tensor.as_f32().unwrap_or_default();
    values.len() == expected.len()
        && (values.iter().zip(expected)).all(|(a, b)| (a - b).abs() < 1e-6)
}
