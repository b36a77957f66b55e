//! Every operator on both backends, against values worked out by hand.

mod cases;

use onnx::{Scope, Value};
use tempfile::TempDir;
use tensor::{DType, Data, Dim, Tensor};

use crate::support::{PartialReader, backends, chain, graph, opset};

/// One operator, its inputs and what comes out.
pub(crate) struct Case {
    name: &'static str,
    build: fn(&Scope<'_>, &[Value]) -> Vec<Value>,
    inputs: Vec<Tensor>,
    /// Parameters of the scope `m`.
    parameters: Vec<(&'static str, Tensor)>,
    outputs: Vec<Tensor>,
}

/// Numbers in a shape.
fn f<const R: usize>(shape: [usize; R], values: &[f32]) -> Tensor {
    Tensor::f32(shape, values.to_vec()).unwrap()
}

/// Integers in a shape.
fn i<const R: usize>(shape: [usize; R], values: &[i64]) -> Tensor {
    Tensor::i64(shape, values.to_vec()).unwrap()
}

fn element(tensor: &Tensor) -> DType {
    match tensor.as_i64() {
        Some(_) => DType::I64,
        None => DType::F32,
    }
}

impl Case {
    /// What goes wrong on any backend at the oldest and the newest opset, and where forms change.
    fn problems(&self, dir: &TempDir) -> Vec<String> {
        let versions = [17, 18, 20, 23];
        versions
            .iter()
            .flat_map(|&version| self.at(dir, version))
            .collect()
    }

    fn at(&self, dir: &TempDir, version: i64) -> Vec<String> {
        let keys: Vec<_> = self
            .parameters
            .iter()
            .map(|(name, _)| format!("m.{name}"))
            .collect();
        let shapes = keys.iter().zip(&self.parameters);
        let shapes: Vec<_> = shapes
            .map(|(key, (_, t))| (key.as_str(), t.shape()))
            .collect();
        let g = graph(opset(version), &shapes);
        let names: Vec<_> = (0..self.inputs.len()).map(|i| format!("x{i}")).collect();
        // All sizes are free: backends have to find them out.
        let free = ["a", "b", "c", "d"].map(Dim::from);
        let values: Vec<_> = (names.iter().zip(&self.inputs))
            .map(|(name, t)| g.input(name, element(t), &free[..t.shape().len()]))
            .collect();
        let outputs = (self.build)(&g.scope("m"), &values);
        let free = ["e", "f", "g", "h"].map(Dim::from);
        let ys: Vec<_> = (0..outputs.len()).map(|i| format!("y{i}")).collect();
        for ((name, value), t) in ys.iter().zip(&outputs).zip(&self.outputs) {
            g.output(name, value, element(t), &free[..t.shape().len()]);
        }
        let model = g
            .finish("test.onnx.data")
            .unwrap_or_else(|e| panic!("{}: {e}", self.name));
        let path = dir.path().join("test.onnx");
        model
            .write(&mut std::fs::File::create(&path).unwrap())
            .unwrap();
        let mut data = std::fs::File::create(dir.path().join("test.onnx.data")).unwrap();
        let open = |p: &weights::PlacedParameter| {
            let (_, t) = self
                .parameters
                .iter()
                .find(|(n, _)| p.name == format!("m.{n}"))
                .unwrap();
            Ok::<_, String>(PartialReader::new(t.as_f32().unwrap().to_vec()))
        };
        model.data().write(&mut data, open, |_| {}).unwrap();

        let inputs: Vec<_> = names
            .iter()
            .map(String::as_str)
            .zip(self.inputs.iter().map(Tensor::view))
            .collect();
        let ys: Vec<_> = ys.iter().map(String::as_str).collect();
        let mut problems = Vec::new();
        for backend in backends() {
            let run = backend
                .load_graph(&path)
                .and_then(|mut graph| graph.run(&inputs, &ys));
            let problem = match run {
                Ok(found)
                    if found.len() == self.outputs.len()
                        && found.iter().zip(&self.outputs).all(near) =>
                {
                    continue;
                }
                Ok(found) => format!("{found:?}"),
                Err(error) => chain(&error),
            };
            problems.push(format!(
                "{}, opset {version}, {}: {problem}",
                self.name,
                backend.name()
            ));
        }
        problems
    }
}

/// Whether the tensors agree to the last bits.
fn near((found, expected): (&Tensor, &Tensor)) -> bool {
    let close =
        |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-6 * b.abs().max(1.0) || a.total_cmp(b).is_eq();
    let values = match (
        found.clone().into_parts().1,
        expected.clone().into_parts().1,
    ) {
        (Data::F32(found), Data::F32(expected)) => found.iter().zip(&expected).all(close),
        (found, expected) => found == expected,
    };
    found.shape() == expected.shape() && values
}

#[test]
fn operators_compute_what_their_names_say() {
    let dir = TempDir::new().unwrap();
    let cases = [
        cases::elementwise(),
        cases::shapes(),
        cases::sums(),
        cases::modules(),
    ];
    let problems: Vec<_> = cases
        .iter()
        .flatten()
        .flat_map(|case| case.problems(&dir))
        .collect();
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}
