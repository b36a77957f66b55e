//! States and positions from call to call.

use runtime::{GraphStream, RuntimeError, Stream as _};
use tensor::{Tensor, TensorView};

use crate::support::{append, chain, empty, error, pairs, replace, streams};

/// Runs `append.onnx` on rows that are all `value`; gives the first sum and the end.
fn add_rows(stream: &mut GraphStream, rows: usize, value: f32) -> Result<(f32, i64), RuntimeError> {
    let x = vec![value; rows * 6];
    let mut outputs = stream.run(&[("x", TensorView::f32(&[1, rows, 2, 3], &x)?)])?;
    let sum = outputs.take("sum")?;
    let end = outputs.take("end")?;
    assert!(outputs.take("sum").is_err() && outputs.get("new_key").is_err());
    Ok((sum.as_f32().unwrap()[5], end.as_i64().unwrap()[0]))
}

#[test]
fn rows_are_put_behind_rows() {
    for mut stream in streams(&append()) {
        assert_eq!(stream.state("past_key").unwrap().shape(), [1, 0, 2, 3]);
        assert_eq!(add_rows(&mut stream, 2, 1.0).unwrap(), (4.0, 7));
        // Nothing new: the position stands still.
        assert_eq!(add_rows(&mut stream, 0, 1.0).unwrap(), (4.0, 9));
        assert_eq!(add_rows(&mut stream, 3, 10.0).unwrap(), (64.0, 12));
        assert_eq!(stream.position(), Some(15));
        let state = stream.state("past_key").unwrap();
        assert_eq!(state.shape(), [1, 5, 2, 3]);
        assert_eq!(state.as_f32().unwrap()[11..13], [2.0, 20.0]);

        stream.reset().unwrap();
        assert_eq!(add_rows(&mut stream, 1, 3.0).unwrap(), (6.0, 6));
    }
}

#[test]
fn a_replaced_state_joins_the_calls() {
    let samples = [1.0, 4.0, 9.0, 16.0, 25.0, 36.0];
    for mut stream in streams(&replace()) {
        let mut differences = Vec::new();
        for part in [&samples[..1], &samples[1..4], &samples[4..]] {
            let x = TensorView::f32(&[1, part.len()], part).unwrap().to_tensor();
            let outputs = stream.run(&[("x", x.view())]).unwrap();
            differences.extend_from_slice(outputs.get("y").unwrap().as_f32().unwrap());
        }
        assert_eq!(differences, [1.0, 3.0, 5.0, 7.0, 9.0, 11.0]);
        assert_eq!(stream.position(), None);
        assert!(stream.set_position(1).is_err());
    }
}

#[test]
fn forks_go_their_own_ways() {
    for mut stream in streams(&append()) {
        add_rows(&mut stream, 2, 1.0).unwrap();
        let mut fork = stream.clone();
        assert_eq!(add_rows(&mut fork, 1, 5.0).unwrap(), (14.0, 10));
        assert_eq!(add_rows(&mut stream, 1, 1.0).unwrap(), (6.0, 10));
        let results: Vec<_> = std::thread::scope(|scope| {
            let run = |mut s: GraphStream| scope.spawn(move || add_rows(&mut s, 1, 1.0).unwrap());
            let threads = [run(fork.clone()), run(stream.clone())];
            threads.map(|t| t.join().unwrap()).into()
        });
        assert_eq!(results, [(16.0, 12), (8.0, 12)]);
        // The streams that were cloned have not moved.
        assert_eq!(fork.position(), stream.position());
        assert_eq!(fork.state("past_key").unwrap().shape(), [1, 3, 2, 3]);
    }
}

#[test]
fn a_state_can_be_put_in() {
    for mut stream in streams(&append()) {
        let voice = Tensor::f32([1, 4, 2, 3], vec![0.5; 24]).unwrap();
        stream.set_state("past_key", voice).unwrap();
        stream.set_position(100).unwrap();
        assert_eq!(add_rows(&mut stream, 1, 1.0).unwrap(), (4.0, 101));
        assert_eq!(stream.state("past_key").unwrap().shape(), [1, 5, 2, 3]);

        let narrow = Tensor::f32([1, 4, 2, 2], vec![0.5; 16]).unwrap();
        let wrong = error(stream.set_state("past_key", narrow)).to_string();
        assert!(
            wrong.contains("past_key") && wrong.contains("[1, past, 2, 3]"),
            "{wrong}"
        );
        let integers = Tensor::i64([1, 0, 2, 3], Vec::new()).unwrap();
        assert!(stream.set_state("past_key", integers.clone()).is_err());
        let unknown = error(stream.set_state("x", integers));
        assert!(matches!(unknown, RuntimeError::NoState { .. }), "{unknown}");
        assert_eq!(stream.state("past_key").unwrap().shape(), [1, 5, 2, 3]);
    }
}

#[test]
fn a_failed_call_changes_nothing() {
    // The graph fails.
    let run = |stream: &mut GraphStream, rows: usize| {
        let x = vec![1.0; rows * 2];
        let x = TensorView::f32(&[1, rows, 2], &x).unwrap().to_tensor();
        let outputs = stream.run(&[("x", x.view())])?;
        Ok(outputs.get("count")?.as_i64().unwrap()[0])
    };
    for mut stream in streams(&pairs()) {
        assert_eq!(run(&mut stream, 2).unwrap(), 2);
        assert!(matches!(
            error(run(&mut stream, 3)),
            RuntimeError::Run { .. }
        ));
        assert_eq!(run(&mut stream, 4).unwrap(), 6);
    }

    // The graph gives what the manifest does not say.
    let mut lies = append();
    lies.outputs[0].shape[3] = 4.into();
    for mut stream in streams(&lies) {
        let wrong = error(add_rows(&mut stream, 1, 1.0));
        assert!(matches!(wrong, RuntimeError::Shape { .. }), "{wrong}");
        assert_eq!(stream.state("past_key").unwrap().shape(), [1, 0, 2, 3]);
        assert_eq!(stream.position(), Some(5));
    }

    // The rows are not those of the state.
    let mut lies = append();
    lies.inputs[1].shape[2] = "heads".into();
    lies.states[0].shape[2] = "heads".into();
    for mut stream in streams(&lies) {
        stream
            .set_state("past_key", Tensor::f32([1, 0, 1, 3], Vec::new()).unwrap())
            .unwrap();
        assert!(add_rows(&mut stream, 1, 1.0).is_err());
        assert_eq!(stream.state("past_key").unwrap().shape(), [1, 0, 1, 3]);
        assert_eq!(stream.position(), Some(5));
    }

    // The position has no successor.
    for mut stream in streams(&append()) {
        stream.set_position(i64::MAX).unwrap();
        assert!(add_rows(&mut stream, 1, 1.0).is_err());
        assert_eq!(stream.state("past_key").unwrap().shape(), [1, 0, 2, 3]);
        assert_eq!(stream.position(), Some(i64::MAX));
    }
}

#[test]
fn inputs_are_checked() {
    let zeros = [0.0; 24];
    let rows = TensorView::f32(&[1, 2, 2, 3], &zeros[..12]).unwrap();
    let wide = TensorView::f32(&[1, 2, 2, 4], &zeros[..16]).unwrap();
    let flat = TensorView::f32(&[12], &zeros[..12]).unwrap();
    let integers = TensorView::i64(&[1, 0, 2, 3], &[]).unwrap();
    let cases = [
        (
            vec![("y", rows)],
            "append.onnx does not take an input y: give it x",
        ),
        (
            vec![("x", rows), ("past_key", rows)],
            "does not take an input past_key",
        ),
        (
            vec![("x", rows), ("position", integers)],
            "does not take an input position",
        ),
        (vec![("x", rows), ("x", rows)], "input x is given twice"),
        (vec![], "append.onnx needs an input x"),
        (
            vec![("x", wide)],
            "x has the shape [1, 2, 2, 4], not [1, rows, 2, 3]",
        ),
        (
            vec![("x", flat)],
            "x has the shape [12], not [1, rows, 2, 3]",
        ),
        (vec![("x", integers)], "x is I64, not F32"),
    ];
    let mut wrong = Vec::new();
    for mut stream in streams(&append()) {
        for (inputs, expected) in &cases {
            let text = chain(&error(stream.run(inputs)));
            if !text.contains(expected) {
                wrong.push((text, *expected));
            }
        }
        assert_eq!(add_rows(&mut stream, 1, 1.0).unwrap(), (2.0, 6));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_symbol_has_one_size() {
    let values = [0.0; 6];
    let two = TensorView::f32(&[1, 2, 2], &values[..4]).unwrap();
    let three = TensorView::f32(&[1, 3, 2], &values).unwrap();
    let inputs = [("past", two), ("x", three)];
    for mut stream in streams(&empty("past")) {
        assert!(stream.run(&inputs).is_ok());
    }
    for mut stream in streams(&empty("rows")) {
        let clash = error(stream.run(&inputs)).to_string();
        assert_eq!(clash, "empty.onnx: rows is 3 in x and 2 in past");
        assert!(stream.run(&[("past", two), ("x", two)]).is_ok());
    }
}
