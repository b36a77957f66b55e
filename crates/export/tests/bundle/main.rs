//! Whole bundles, written and refused.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod failures;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bundle::{
    ComponentName, FileError, Manifest, Parameter, ParameterKind, Source, SourceFile, Synthetic,
    WeightFormat,
};
use checkpoint::{
    SyntheticWeights, TensorReader, TokenizerFile, TokenizerKind, Weights, WeightsError,
};
use config::Config;
use export::{ComponentFormats, Export, ExportError, GraphFormats, Identity, WriteProgress};
use onnx::Opset;
use tempfile::TempDir;
use weights::{Matrix, TableLayout};

const NOISE_SEED: u64 = 7;

fn fixture(name: &str) -> Config {
    testkit::config(name).unwrap()
}

fn identity(synthetic: Option<u64>) -> Identity {
    Identity {
        variant: Some("some".to_owned()),
        signature: None,
        language: Some("en".to_owned()),
        synthetic,
        voice_cloning: true,
        source: Source {
            config: None,
            weights: vec![],
            adapter: None,
            tokenizer: Some(SourceFile {
                location: "tokenizer.json".to_owned(),
                size: 1,
                sha256: "0".repeat(64),
            }),
        },
    }
}

/// What goes into a bundle, but the weights.
struct BundleParts {
    config: Config,
    tokenizer: TokenizerFile,
    components: Vec<ComponentName>,
    synthetic: Option<u64>,
    formats: ComponentFormats,
}

impl BundleParts {
    fn of(name: &str) -> Self {
        Self {
            config: fixture(name),
            tokenizer: TokenizerFile::shipped(TokenizerKind::Json).unwrap(),
            components: ComponentName::ALL.to_vec(),
            synthetic: Some(NOISE_SEED),
            formats: ComponentFormats::all(WeightFormat::F32),
        }
    }

    fn weights(&self) -> SyntheticWeights {
        SyntheticWeights::new(&self.config.tensors(), NOISE_SEED)
    }

    fn write(
        &self,
        weights: &dyn Weights,
        output: &Path,
        progress: &dyn WriteProgress,
    ) -> Result<Manifest, ExportError> {
        let export = Export {
            config: &self.config,
            weights,
            tokenizer: &self.tokenizer,
            components: &self.components,
            opset: Opset::MIN,
            attention: false,
            formats: self.formats.clone(),
            identity: identity(self.synthetic),
        };
        export.write(output, progress)
    }
}

/// All files below `dir`, by path.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.insert(path.clone(), fs::read(path).unwrap());
        }
    }
    files
}

#[test]
fn bundles_of_all_fixtures() {
    for name in testkit::SMALL_MODELS {
        let dir = TempDir::new().unwrap();
        let parts = BundleParts::of(name);
        let written = parts.write(&parts.weights(), dir.path(), &()).unwrap();
        let manifest = Manifest::read(dir.path()).unwrap();
        assert_eq!(written, manifest, "{name}");
        let checked: Result<Vec<()>, FileError> =
            manifest.files().map(|f| f.check(dir.path())).collect();
        checked.unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(manifest.components.keys().eq(&ComponentName::ALL), "{name}");

        let mut expected: Vec<_> = manifest.files().map(|f| dir.path().join(&f.name)).collect();
        expected.push(dir.path().join(Manifest::FILE));
        expected.sort();
        assert!(files(dir.path()).keys().eq(&expected), "{name}");

        let Manifest {
            model,
            text,
            generation,
            synthetic,
            opset_version,
            ..
        } = manifest;
        assert_eq!(model.flow_lm, parts.config.flow_lm, "{name}");
        assert_eq!(model.mimi, parts.config.mimi, "{name}");
        assert_eq!(text, parts.config.text_options(), "{name}");
        assert_eq!(generation, parts.config.generation_options(), "{name}");
        assert_eq!(synthetic, Some(Synthetic { seed: NOISE_SEED }), "{name}");
        assert_eq!(opset_version, 17, "{name}");
    }
}

/// All values of the checkpoint's tensor `key`.
fn tensor(weights: &dyn Weights, key: &str, count: usize) -> Vec<f32> {
    let mut values = vec![0.0; count];
    assert_eq!(weights.open(key).unwrap().read(&mut values).unwrap(), count);
    values
}

/// The checkpoint's weight `[out, in]`, `[out, in, kernel]` or `[in, out, 2 * stride]` as the
/// matrix `[outputs][inputs]` that the specification of the format says.
fn outputs_by_inputs(key: &str, shape: &[usize], values: &[f32]) -> Vec<f32> {
    match *shape {
        [outs, ins, kernel] if !key.contains(".convtr.") => {
            let places = (0..outs).flat_map(|o| {
                (0..kernel).flat_map(move |k| (0..ins).map(move |i| (o * ins + i) * kernel + k))
            });
            places.map(|at| values[at]).collect()
        }
        [ins, outs, kernel] => {
            let stride = kernel / 2;
            let places = (0..stride).flat_map(|s| {
                (0..outs).flat_map(move |o| {
                    [stride + s, s]
                        .into_iter()
                        .flat_map(move |k| (0..ins).map(move |i| (i * outs + o) * kernel + k))
                })
            });
            places.map(|at| values[at]).collect()
        }
        _ => values.to_vec(),
    }
}

/// What has to stand in the extents of a parameter.
fn stored(parameter: &Parameter, shape: &[usize], values: &[f32]) -> (Vec<u8>, Vec<u8>) {
    let &Parameter { kind, format, .. } = parameter;
    match (kind, &parameter.shape[..]) {
        (ParameterKind::Vector, _) => {
            assert_eq!((format, &parameter.shape[..]), (WeightFormat::F32, shape));
            (
                values.iter().flat_map(|v| v.to_le_bytes()).collect(),
                vec![],
            )
        }
        (ParameterKind::Table, &[rows, width]) => {
            let table = TableLayout {
                format,
                rows,
                width,
            };
            let (mut bytes, mut scales) = (vec![0; table.bytes()], vec![]);
            let out = bytes.chunks_exact_mut(table.row_bytes());
            for (row, out) in values.chunks_exact(width).zip(out) {
                let scale = table.pack_row(row, out);
                scales.extend(scale.into_iter().flat_map(f32::to_le_bytes));
            }
            (bytes, scales)
        }
        (ParameterKind::Matrix, &[inputs, outputs]) => {
            let matrix = Matrix {
                format,
                inputs,
                outputs,
            };
            matrix.pack(&outputs_by_inputs(&parameter.name, shape, values))
        }
        _ => panic!("{parameter:?}"),
    }
}

#[test]
fn data_files_hold_the_checkpoint() {
    let (mut kinds, mut slow_weights) = (BTreeMap::new(), 0);
    for (name, format, slow) in [
        ("tiny_2m", WeightFormat::F32, None),
        ("tiny_english", WeightFormat::Bf16, None),
        ("tiny_flow_matching", WeightFormat::Q16, None),
        (
            "tiny_flow_matching",
            WeightFormat::Q16,
            Some(WeightFormat::Q6),
        ),
        ("tiny_2026-01", WeightFormat::Q8, None),
        ("tiny_english", WeightFormat::Q6, None),
        ("tiny_2m", WeightFormat::Q4, None),
    ] {
        let dir = TempDir::new().unwrap();
        let mut parts = BundleParts::of(name);
        let decoder = GraphFormats {
            weights: format,
            slow,
        };
        parts.formats = ComponentFormats::all(format).with(ComponentName::MimiDecoder, decoder);
        let weights = parts.weights();
        let manifest = parts.write(&weights, dir.path(), &()).unwrap();
        let tensors = parts.config.tensors().into_iter();
        let shapes: BTreeMap<_, _> = tensors.map(|t| (t.key, t.shape)).collect();
        for component in manifest.components.values() {
            assert_eq!(component.format, format);
            let data = fs::read(dir.path().join(&component.data.name)).unwrap();
            let mut at = 0;
            for parameter in &component.parameters {
                let key = &parameter.name;
                let shape = &shapes[key];
                let values = tensor(&weights, key, shape.iter().product());
                let (values, scales) = stored(parameter, shape, &values);
                let extents = [
                    (&values, Some(parameter.values)),
                    (&scales, parameter.scales),
                ];
                for (bytes, extent) in extents {
                    let Some(extent) = extent else {
                        assert!(bytes.is_empty(), "{key}");
                        continue;
                    };
                    let (offset, size) = (extent.offset as usize, extent.size as usize);
                    assert!(offset >= at && offset % 64 == 0, "{key}");
                    assert!(data[offset..][..size] == bytes[..], "{key} in {format}");
                    at = offset + size;
                }
                *kinds.entry(format!("{:?}", parameter.kind)).or_insert(0) += 1;
                slow_weights += usize::from(Some(parameter.format) == component.slow_format);
            }
            assert_eq!(data.len(), at);
        }
    }
    assert!(kinds["Matrix"] > 100 && kinds["Table"] == 7, "{kinds:?}");
    // Four of each of the transformer's layers, and two convolutions.
    assert!(slow_weights >= 4 + 2, "{slow_weights}");
}

#[test]
fn rounding_to_bf16_is_told() {
    let dir = TempDir::new().unwrap();
    let mut parts = BundleParts::of("tiny_2m");
    parts.formats =
        ComponentFormats::all(WeightFormat::Bf16).with(ComponentName::FlowLm, WeightFormat::F32);
    // These are bf16 numbers.
    let notes = Notes::default();
    parts.write(&parts.weights(), dir.path(), &notes).unwrap();
    assert_eq!(*notes.rounded.borrow(), []);

    let manifest = parts
        .write(&Thirds(parts.weights()), dir.path(), &notes)
        .unwrap();
    let expected: Vec<_> = (manifest.components.iter())
        .filter(|(name, _)| **name != ComponentName::FlowLm)
        .map(|(name, component)| {
            let weights = component.parameters.iter();
            (
                *name,
                weights.filter(|p| p.kind != ParameterKind::Vector).count(),
            )
        })
        .collect();
    assert_eq!(*notes.rounded.borrow(), expected);
    assert_eq!(
        manifest.components[&ComponentName::FlowLm].format,
        WeightFormat::F32
    );
    assert_eq!(
        manifest.components[&ComponentName::FlowNet].format,
        WeightFormat::Bf16
    );
}

/// Other weights, divided by three.
struct Thirds(SyntheticWeights);

struct ThirdsReader<'a>(Box<dyn TensorReader + 'a>);

impl Weights for Thirds {
    fn open(&self, key: &str) -> Result<Box<dyn TensorReader + '_>, WeightsError> {
        Ok(Box::new(ThirdsReader(self.0.open(key)?)))
    }
}

impl TensorReader for ThirdsReader<'_> {
    fn read(&mut self, out: &mut [f32]) -> Result<usize, WeightsError> {
        let count = self.0.read(out)?;
        out[..count].iter_mut().for_each(|value| *value /= 3.0);
        Ok(count)
    }
}

#[test]
fn some_components_are_enough() {
    let dir = TempDir::new().unwrap();
    let mut parts = BundleParts::of("tiny_english");
    parts.tokenizer = TokenizerFile::shipped(TokenizerKind::SentencePiece).unwrap();
    parts.components = vec![ComponentName::MimiDecoder, ComponentName::TextConditioner];
    parts.synthetic = None;
    let manifest = parts.write(&parts.weights(), dir.path(), &()).unwrap();
    assert_eq!(manifest, Manifest::read(dir.path()).unwrap());
    assert_eq!(manifest.synthetic, None);
    assert_eq!(manifest.tokenizer.kind, "sentencepiece");
    assert_eq!(manifest.tokenizer.vocabulary, 4_000);
    let names: Vec<_> = files(dir.path())
        .into_keys()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    let expected = [
        "manifest.json",
        "mimi_decoder.onnx",
        "mimi_decoder.onnx.data",
        "text_conditioner.onnx",
        "text_conditioner.onnx.data",
        "tokenizer.model",
    ];
    assert_eq!(names, expected);
    // A whole bundle takes its place.
    let parts = BundleParts::of("tiny_english");
    parts.write(&parts.weights(), dir.path(), &()).unwrap();
    assert_eq!(files(dir.path()).len(), 12);
    assert!(!dir.path().join("tokenizer.model").exists());
}

/// Notes what it is told.
#[derive(Default)]
struct Notes {
    total: Cell<u64>,
    written: Cell<u64>,
    components: RefCell<Vec<ComponentName>>,
    rounded: RefCell<Vec<(ComponentName, usize)>>,
}

impl WriteProgress for Notes {
    fn started(&self, total: u64) {
        self.total.set(total);
    }

    fn component(&self, name: ComponentName) {
        self.components.borrow_mut().push(name);
    }

    fn advanced(&self, bytes: u64) {
        self.written.set(self.written.get() + bytes);
    }

    fn rounded(&self, name: ComponentName, weights: usize) {
        self.rounded.borrow_mut().push((name, weights));
    }

    fn cancelled(&self) -> bool {
        false
    }
}

#[test]
fn progress_adds_up() {
    let dir = TempDir::new().unwrap();
    let parts = BundleParts::of("tiny_2m");
    let notes = Notes::default();
    let manifest = parts.write(&parts.weights(), dir.path(), &notes).unwrap();
    let data: u64 = manifest.components.values().map(|c| c.data.size).sum();
    assert_eq!((notes.total.get(), notes.written.get()), (data, data));
    assert_eq!(*notes.components.borrow(), ComponentName::ALL);
}
