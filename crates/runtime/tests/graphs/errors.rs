//! What a backend says about broken graphs and wrong calls.

use std::fs;
use std::path::Path;

use runtime::RuntimeError;
use runtime::onnxruntime::{OnnxRuntime, OnnxRuntimeOptions};
use tensor::TensorView;

use crate::support::{backends, chain, error, models};

#[test]
fn a_failing_node_is_named() {
    for backend in backends() {
        let mut graph = backend.load_graph(&models().join("pairs.onnx")).unwrap();
        let x = TensorView::f32(&[1, 1, 2], &[0.0; 2]).unwrap();
        let past = TensorView::f32(&[1, 0, 2], &[]).unwrap();
        let failed = graph.run(&[("x", x), ("past", past)], &["y"]);
        let text = chain(&error(failed));
        for part in ["pairs.onnx", "block.0/pair", backend.name()] {
            assert!(text.contains(part), "no {part} in: {text}");
        }
    }
}

#[test]
fn graphs_that_cannot_be_loaded() {
    let dir = tempfile::tempdir().unwrap();
    let gather = |name: &str, data: Option<&[u8]>| {
        let folder = dir.path().join(name);
        fs::create_dir(&folder).unwrap();
        fs::copy(models().join("gather.onnx"), folder.join("gather.onnx")).unwrap();
        if let Some(data) = data {
            fs::write(folder.join("gather.onnx.data"), data).unwrap();
        }
        folder.join("gather.onnx")
    };
    let text = dir.path().join("text.onnx");
    fs::write(&text, "not a graph").unwrap();
    let cut = dir.path().join("cut.onnx");
    let whole = fs::read(models().join("append.onnx")).unwrap();
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();

    let cases = [
        (dir.path().join("missing.onnx"), "missing.onnx"),
        (dir.path().to_owned(), "cannot load"),
        (text, "text.onnx"),
        (cut, "cut.onnx"),
        (gather("no_weights", None), "gather.onnx.data"),
        (gather("short_weights", Some(&[0; 10])), "gather.onnx"),
        (models().join("unknown_operator.onnx"), "block.1/strange"),
    ];
    let mut wrong = Vec::new();
    for backend in backends() {
        for (path, part) in &cases {
            match backend.load_graph(path) {
                Ok(_) => wrong.push(format!("{}: {} loaded", backend.name(), path.display())),
                Err(e) if chain(&e).contains(part) => {}
                Err(e) => wrong.push(format!("{}: no {part} in: {}", backend.name(), chain(&e))),
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn calls_that_do_not_fit_the_graph() {
    let floats = TensorView::f32(&[1, 2], &[0.0; 2]).unwrap();
    let flat = TensorView::i64(&[2], &[0; 2]).unwrap();
    let beyond = TensorView::i64(&[1, 1], &[5]).unwrap();
    let ids = TensorView::i64(&[1, 1], &[0]).unwrap();
    let cases = [
        ("another name", vec![("names", ids)], "embeddings"),
        ("no input", vec![], "embeddings"),
        ("number type", vec![("ids", floats)], "embeddings"),
        ("rank", vec![("ids", flat)], "embeddings"),
        ("beyond the table", vec![("ids", beyond)], "embeddings"),
        ("another output", vec![("ids", ids)], "audio"),
    ];
    for backend in backends() {
        let mut graph = backend.load_graph(&models().join("gather.onnx")).unwrap();
        for (case, inputs, output) in &cases {
            let text = chain(&error(graph.run(inputs, &[*output])));
            assert!(text.contains("gather.onnx"), "{case}: {text}");
        }
        // The graph goes on as before.
        assert!(graph.run(&[("ids", ids)], &["embeddings"]).is_ok());
    }
}

#[test]
fn integers_beyond_32_bits() {
    let position = TensorView::i64(&[1], &[1 << 40]).unwrap();
    let none = TensorView::f32(&[1, 0, 2, 3], &[]).unwrap();
    let inputs = [("x", none), ("past_key", none), ("position", position)];
    for backend in backends() {
        let mut graph = backend.load_graph(&models().join("append.onnx")).unwrap();
        let result = graph.run(&inputs, &["end"]);
        if backend.name() == "rten" {
            let text = error(result).to_string();
            assert!(text.contains("position holds 1099511627776"), "{text}");
        } else {
            assert_eq!(result.unwrap()[0].as_i64(), Some(&[1 << 40][..]));
        }
    }
}

#[test]
fn libraries_that_cannot_be_used() {
    let with = |library: &Path| {
        OnnxRuntime::new(OnnxRuntimeOptions {
            library: Some(library.to_owned()),
            ..OnnxRuntimeOptions::default()
        })
    };
    let missing = error(with(Path::new("/no/such/library.so")));
    assert!(matches!(missing, RuntimeError::NoOnnxRuntime { .. }));
    assert!(
        missing.to_string().contains("cargo xtask setup"),
        "{missing}"
    );

    // The first library stays.
    let first = OnnxRuntime::new(OnnxRuntimeOptions::default());
    assert!(first.is_ok(), "{}", chain(&error(first)));
    let other = error(with(&models().join("README.md")));
    assert!(
        matches!(other, RuntimeError::OtherLibrary { .. }),
        "{other}"
    );
}
