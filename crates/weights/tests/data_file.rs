//! Data files, written from front to back.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{self, Write};

use proptest::prelude::*;
use sha2::{Digest as _, Sha256};
use weights::{
    DataFile, Extent, Layout, Packing, PlacedParameter, ValueReader, WeightFormat, WriteError,
};

/// Hands out values, at most `most` at a time.
struct SourceValues {
    all: Vec<f32>,
    at: usize,
    most: usize,
}

impl SourceValues {
    fn new(values: Vec<f32>) -> Self {
        Self::in_pieces(values, usize::MAX)
    }

    fn in_pieces(values: Vec<f32>, most: usize) -> Self {
        Self {
            all: values,
            at: 0,
            most,
        }
    }
}

impl ValueReader for SourceValues {
    type Error = String;

    fn read(&mut self, out: &mut [f32]) -> Result<usize, String> {
        let rest = &self.all[self.at..];
        let n = rest.len().min(out.len()).min(self.most);
        out[..n].copy_from_slice(&rest[..n]);
        self.at += n;
        Ok(n)
    }
}

/// The file of parameters of these shapes, called `m.0` and so on.
fn data_file(format: WeightFormat, parameters: &[(Vec<usize>, Layout)]) -> DataFile {
    let mut file = DataFile::default();
    for (i, (shape, layout)) in parameters.iter().enumerate() {
        let packing = layout.packing(shape, format).unwrap();
        file.push(format!("m.{i}"), shape.clone(), *layout, packing);
    }
    file
}

/// Values of the parameter as the checkpoint has them: no two near each other are equal.
fn values(parameter: &PlacedParameter) -> Vec<f32> {
    let index: f32 = parameter.name[2..].parse().unwrap();
    let count = parameter.shape.iter().product::<usize>();
    (0..count)
        .map(|i| index + (i % 9973) as f32 / 16.0)
        .collect()
}

/// The outputs of a weight one after the other, each with its inputs in the order that the
/// format says.
fn outputs(parameter: &PlacedParameter, values: &[f32]) -> Vec<f32> {
    let mut outputs = Vec::new();
    match (parameter.layout, &parameter.shape[..]) {
        (Layout::Convolution, &[outs, ins, kernel]) => {
            for o in 0..outs {
                for k in 0..kernel {
                    outputs.extend((0..ins).map(|i| values[(o * ins + i) * kernel + k]));
                }
            }
        }
        (Layout::TransposedConvolution, &[ins, outs, kernel]) => {
            for s in 0..kernel / 2 {
                for o in 0..outs {
                    for k in [kernel / 2 + s, s] {
                        outputs.extend((0..ins).map(|i| values[(i * outs + o) * kernel + k]));
                    }
                }
            }
        }
        _ => outputs.extend_from_slice(values),
    }
    outputs
}

/// What the data file has to hold.
fn expected(data: &DataFile) -> Vec<u8> {
    let mut file = Vec::new();
    for parameter in data.parameters() {
        let values = values(parameter);
        let (bytes, scales) = match parameter.packing {
            Packing::Vector(_) => (bytes(&values), Vec::new()),
            Packing::Matrix(matrix) => matrix.pack(&outputs(parameter, &values)),
            Packing::Table(table) => {
                let (mut bytes, mut scales) = (vec![0; table.bytes()], Vec::new());
                let out = bytes.chunks_exact_mut(table.row_bytes());
                for (row, out) in values.chunks_exact(table.width).zip(out) {
                    scales.extend(table.pack_row(row, out));
                }
                (bytes, self::bytes(&scales))
            }
        };
        let mut add = |extent: Extent, bytes: &[u8]| {
            assert_eq!(extent.size, bytes.len() as u64);
            file.resize(extent.offset as usize, 0);
            file.extend_from_slice(bytes);
        };
        add(parameter.values, &bytes);
        if let Some(extent) = parameter.scales {
            add(extent, &scales);
        }
    }
    file
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// Writes the file with readers that hand out at most `most` values a time.
fn written(file: &DataFile, most: usize) -> Result<Vec<u8>, TestCaseError> {
    let mut bytes = Vec::new();
    let mut told = 0;
    let open = |p: &PlacedParameter| Ok::<_, String>(SourceValues::in_pieces(values(p), most));
    let digest = file.write(&mut bytes, open, |n| told += n).unwrap();
    prop_assert_eq!(told, bytes.len() as u64);
    prop_assert_eq!(digest.size, bytes.len() as u64);
    prop_assert_eq!(digest.size, file.size());
    let sha256: [u8; 32] = Sha256::digest(&bytes).into();
    prop_assert_eq!(digest.sha256, sha256);
    Ok(bytes)
}

const LAYOUTS: [Layout; 5] = [
    Layout::Vector,
    Layout::Table,
    Layout::Linear,
    Layout::Convolution,
    Layout::TransposedConvolution,
];

#[test]
fn parameters_of_all_sizes() {
    use Layout::{Convolution, Linear, Table, TransposedConvolution, Vector};
    let cases: [&[(Vec<usize>, Layout)]; 8] = [
        &[],
        &[(vec![1], Vector)],
        &[(vec![3], Vector), (vec![0], Vector), (vec![2, 2], Vector)],
        // More than one buffer, in one piece and in several.
        &[(vec![700, 900], Vector), (vec![5], Vector)],
        &[(vec![700, 900], Linear), (vec![900, 700], Table)],
        &[(vec![40, 300, 60], Convolution), (vec![3], Vector)],
        &[
            (vec![40, 80, 240], TransposedConvolution),
            (vec![3], Vector),
        ],
        // One output of more than a buffer, and inputs of one value.
        &[(vec![1, 1 << 19], Linear), (vec![1 << 15, 1], Linear)],
    ];
    for case in cases {
        for format in WeightFormat::ALL {
            let file = data_file(format, case);
            for most in [usize::MAX, 1_000] {
                assert!(
                    written(&file, most).unwrap() == expected(&file),
                    "{case:?} in {format}"
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn parameters_of_any_shape(
        parameters in prop::collection::vec(
            (1_usize..40, 1_usize..40, 1_usize..5, 0_usize..LAYOUTS.len()),
            1..5,
        ),
        format in prop::sample::select(&WeightFormat::ALL[..]),
        most in 1_usize..300,
    ) {
        let parameters: Vec<_> = parameters
            .into_iter()
            .map(|(rows, columns, taps, layout)| {
                let shape = match LAYOUTS[layout] {
                    Layout::Convolution => vec![rows, columns, taps],
                    Layout::TransposedConvolution => vec![rows, columns, 2 * taps],
                    _ => vec![rows, columns],
                };
                (shape, LAYOUTS[layout])
            })
            .collect();
        let file = data_file(format, &parameters);
        prop_assert!(written(&file, most)? == expected(&file));
    }
}

#[test]
fn rounded_weights_are_counted() {
    let shapes = [
        (vec![2, 3], Layout::Linear),
        (vec![2, 3], Layout::Table),
        (vec![2, 3], Layout::Linear),
        (vec![2, 3], Layout::Vector),
    ];
    for (format, expected) in [
        (WeightFormat::F32, 0),
        (WeightFormat::Bf16, 2),
        (WeightFormat::Q8, 0),
    ] {
        let file = data_file(format, &shapes);
        let open = |p: &PlacedParameter| {
            let value = if p.name == "m.0" { 0.5 } else { 0.1 };
            Ok::<_, String>(SourceValues::new(vec![value; 6]))
        };
        let written = file.write(&mut Vec::new(), open, |_| {}).unwrap();
        assert_eq!(written.rounded, expected, "{format}");
    }
}

#[test]
fn the_number_of_values_must_fit() {
    for layout in [Layout::Vector, Layout::Table, Layout::Linear] {
        let file = data_file(
            WeightFormat::F32,
            &[(vec![2, 3], Layout::Vector), (vec![20, 30], layout)],
        );
        for (count, actual) in [(0, 0), (599, 599), (601, 601)] {
            let open = |p: &PlacedParameter| {
                let count = if p.name == "m.1" { count } else { 6 };
                Ok::<_, String>(SourceValues::new(vec![0.5; count]))
            };
            let error = file.write(&mut Vec::new(), open, |_| {}).unwrap_err();
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

/// Takes this number of bytes, then fails.
struct FullDisk(usize);

impl Write for FullDisk {
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
    let file = data_file(
        WeightFormat::F32,
        &[
            (vec![20, 1 << 18], Layout::Vector),
            (vec![3], Layout::Vector),
        ],
    );
    let size = file.size() as usize;
    for bytes in [0, 1, 9 << 20, size - 1] {
        let open = |p: &PlacedParameter| Ok::<_, String>(SourceValues::new(values(p)));
        let error = file.write(&mut FullDisk(bytes), open, |_| {}).unwrap_err();
        let WriteError::Write(error) = error else {
            panic!("{error:?}");
        };
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
    let open = |p: &PlacedParameter| Ok::<_, String>(SourceValues::new(values(p)));
    file.write(&mut FullDisk(size), open, |_| {}).unwrap();
}

/// Fails after one piece.
struct FailingSource(Option<SourceValues>);

impl ValueReader for FailingSource {
    type Error = String;

    fn read(&mut self, out: &mut [f32]) -> Result<usize, String> {
        self.0.take().ok_or("torn")?.read(out)
    }
}

#[test]
fn a_reader_that_fails_ends_it() {
    for layout in [Layout::Vector, Layout::Table, Layout::Linear] {
        let file = data_file(
            WeightFormat::F32,
            &[(vec![4], Layout::Vector), (vec![5, 6], layout)],
        );
        let read = |p: &PlacedParameter| {
            Ok(FailingSource(
                (p.name == "m.0").then(|| SourceValues::new(values(p))),
            ))
        };
        let open = |p: &PlacedParameter| match p.name.as_str() {
            "m.0" => Ok(FailingSource(Some(SourceValues::in_pieces(values(p), 1)))),
            _ => Err("closed".to_owned()),
        };
        for (error, expected) in [
            (file.write(&mut Vec::new(), read, |_| {}), "torn"),
            (file.write(&mut Vec::new(), open, |_| {}), "torn"),
            (
                file.write(
                    &mut Vec::new(),
                    |_| Err::<FailingSource, _>("closed".to_owned()),
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
