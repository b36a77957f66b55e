use std::io::{self, Write};

use onnx::{Dim, ElementType, Layout, Model, Opset, Parameter, ValueReader, WriteError};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use crate::support::{Values, graph};

/// A graph that reads parameters of these shapes, called `m.0` and so on.
fn model(parameters: &[(Vec<usize>, Layout)]) -> Model {
    let names: Vec<_> = (0..parameters.len()).map(|i| format!("m.{i}")).collect();
    let shapes = names.iter().zip(parameters);
    let shapes: Vec<_> = shapes
        .map(|(name, (shape, _))| (name.as_str(), shape.as_slice()))
        .collect();
    let g = graph(Opset::MAX, &shapes);
    let m = g.scope("m");
    for (i, (_, layout)) in parameters.iter().enumerate() {
        let name = i.to_string();
        let value = match layout {
            Layout::AsIs => m.parameter(&name),
            Layout::Transposed => m.transposed_parameter(&name),
        };
        g.output(
            &format!("y{i}"),
            &value,
            ElementType::F32,
            &[Dim::Symbol("N")],
        );
    }
    g.finish("test.data").unwrap()
}

/// Values of the parameter as the checkpoint has them: no two near each other are equal.
fn values(parameter: &Parameter) -> Vec<f32> {
    let index: f32 = parameter.name[2..].parse().unwrap();
    let count = parameter.shape.iter().product::<usize>();
    (0..count).map(|i| index + i as f32 / 16.0).collect()
}

/// What the data file has to hold.
fn expected(model: &Model) -> Vec<u8> {
    let mut bytes = Vec::new();
    for parameter in model.parameters() {
        bytes.resize(parameter.offset as usize, 0);
        let mut values = values(parameter);
        if parameter.layout == Layout::Transposed {
            let [rows, columns] = parameter.shape[..] else {
                panic!("{:?}", parameter.shape);
            };
            let places = (0..rows).flat_map(|r| (0..columns).map(move |c| c * rows + r));
            values = places.map(|at| values[at]).collect();
        }
        bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    }
    bytes
}

/// Writes the model with readers that hand out at most `most` values a time.
fn written(model: &Model, most: usize) -> Result<Vec<u8>, TestCaseError> {
    let mut bytes = Vec::new();
    let mut told = 0;
    let open = |p: &Parameter| Ok::<_, String>(Values::in_pieces(values(p), most));
    let digest = model.write_data(&mut bytes, open, |n| told += n).unwrap();
    prop_assert_eq!(told, bytes.len() as u64);
    prop_assert_eq!(digest.size, bytes.len() as u64);
    prop_assert_eq!(digest.size, model.data_size());
    let sha256: [u8; 32] = Sha256::digest(&bytes).into();
    prop_assert_eq!(digest.sha256, sha256);
    Ok(bytes)
}

#[test]
fn parameters_of_all_sizes() {
    use Layout::{AsIs, Transposed};
    let cases: [&[(Vec<usize>, Layout)]; 9] = [
        &[],
        &[(vec![1], AsIs)],
        &[(vec![3], AsIs), (vec![0], AsIs), (vec![2, 2], AsIs)],
        // More than one buffer, in one piece and in several.
        &[(vec![700, 900], AsIs), (vec![5], AsIs)],
        &[(vec![1 << 18], AsIs), (vec![1 << 18, 1], Transposed)],
        &[(vec![900, 700], Transposed)],
        // Widths around the number of columns that are transposed together.
        &[
            (vec![2, 15], Transposed),
            (vec![2, 16], Transposed),
            (vec![3, 17], Transposed),
        ],
        &[(vec![1, 33], Transposed), (vec![33, 1], Transposed)],
        &[
            (vec![0, 3], Transposed),
            (vec![3, 0], Transposed),
            (vec![1], AsIs),
        ],
    ];
    for case in cases {
        let model = model(case);
        for most in [usize::MAX, 1_000] {
            assert!(
                written(&model, most).unwrap() == expected(&model),
                "{case:?}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn parameters_of_any_shape(
        parameters in prop::collection::vec(
            ((0_usize..70, 0_usize..70), prop::bool::ANY),
            1..5,
        ),
        most in 1_usize..300,
    ) {
        let layout = |transposed| if transposed { Layout::Transposed } else { Layout::AsIs };
        let parameters: Vec<_> = parameters
            .into_iter()
            .map(|((rows, columns), transposed)| (vec![rows, columns], layout(transposed)))
            .collect();
        let model = model(&parameters);
        prop_assert!(written(&model, most)? == expected(&model));
    }
}

#[test]
fn the_number_of_values_must_fit() {
    for layout in [Layout::AsIs, Layout::Transposed] {
        let model = model(&[(vec![2, 3], Layout::AsIs), (vec![20, 30], layout)]);
        for (count, actual) in [(0, 0), (599, 599), (601, 601)] {
            let open = |p: &Parameter| {
                let count = if p.name == "m.1" { count } else { 6 };
                Ok::<_, String>(Values::new(vec![0.5; count]))
            };
            let error = model.write_data(&mut Vec::new(), open, |_| {}).unwrap_err();
            let WriteError::Count {
                name,
                expected,
                actual: found,
            } = error
            else {
                panic!("{error:?}");
            };
            assert_eq!(
                (name.as_str(), expected, found),
                ("m.1", 600, actual),
                "{layout:?}"
            );
        }
    }
}

/// Takes so many bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "full"));
        }
        let n = bytes.len().min(self.0);
        self.0 -= n;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_that_fails_ends_it() {
    // Many more buffers than are held.
    let model = model(&[(vec![20, 1 << 18], Layout::AsIs), (vec![3], Layout::AsIs)]);
    let size = model.data_size() as usize;
    for bytes in [0, 1, 9 << 20, size - 1] {
        let open = |p: &Parameter| Ok::<_, String>(Values::new(values(p)));
        let error = model
            .write_data(&mut Full(bytes), open, |_| {})
            .unwrap_err();
        let WriteError::Write(error) = error else {
            panic!("{error:?}");
        };
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
    let open = |p: &Parameter| Ok::<_, String>(Values::new(values(p)));
    model.write_data(&mut Full(size), open, |_| {}).unwrap();
}

/// Fails after one piece.
struct Failing(Option<Values>);

impl ValueReader for Failing {
    type Error = String;

    fn read(&mut self, out: &mut [f32]) -> Result<usize, String> {
        self.0.take().ok_or("torn")?.read(out)
    }
}

#[test]
fn a_reader_that_fails_ends_it() {
    for layout in [Layout::AsIs, Layout::Transposed] {
        let model = model(&[(vec![4], Layout::AsIs), (vec![5, 6], layout)]);
        let read = |p: &Parameter| Ok(Failing((p.name == "m.0").then(|| Values::new(values(p)))));
        let open = |p: &Parameter| match p.name.as_str() {
            "m.0" => Ok(Failing(Some(Values::in_pieces(values(p), 1)))),
            _ => Err("closed".to_owned()),
        };
        for (error, expected) in [
            (model.write_data(&mut Vec::new(), read, |_| {}), "torn"),
            (model.write_data(&mut Vec::new(), open, |_| {}), "torn"),
            (
                model.write_data(
                    &mut Vec::new(),
                    |_| Err::<Failing, _>("closed".to_owned()),
                    |_| {},
                ),
                "closed",
            ),
        ] {
            let Err(WriteError::Values(error)) = error else {
                panic!("{error:?}");
            };
            assert_eq!(error, expected);
        }
    }
}
