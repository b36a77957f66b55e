//! Whole bundles, written and refused.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod failures;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bundle::{ComponentName, FileError, Manifest, Source, SourceFile, Synthetic};
use checkpoint::{SyntheticWeights, TokenizerFile, TokenizerKind, Weights};
use config::Config;
use export::{ComponentGraph, Export, ExportError, Identity, WriteProgress};
use onnx::{Layout, Opset};
use tempfile::TempDir;

const SEED: u64 = 7;

fn fixture(name: &str) -> Config {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/configs");
    Config::from_yaml(&fs::read_to_string(dir.join(format!("{name}.yaml"))).unwrap()).unwrap()
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
            tokenizer: Some(SourceFile {
                location: "tokenizer.json".to_owned(),
                size: 1,
                sha256: "0".repeat(64),
            }),
        },
    }
}

/// What goes into a bundle, but the weights.
struct Parts {
    config: Config,
    tokenizer: TokenizerFile,
    components: Vec<ComponentName>,
    synthetic: Option<u64>,
}

impl Parts {
    fn of(name: &str) -> Self {
        Self {
            config: fixture(name),
            tokenizer: TokenizerFile::shipped(TokenizerKind::Json).unwrap(),
            components: ComponentName::ALL.to_vec(),
            synthetic: Some(SEED),
        }
    }

    fn weights(&self) -> SyntheticWeights {
        SyntheticWeights::new(&self.config.tensors(), SEED)
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
    for name in [
        "tiny_2026-01",
        "tiny_2m",
        "tiny_drifting_french",
        "tiny_english",
        "tiny_flow_matching",
    ] {
        let dir = TempDir::new().unwrap();
        let parts = Parts::of(name);
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
        assert_eq!(synthetic, Some(Synthetic { seed: SEED }), "{name}");
        assert_eq!(opset_version, 17, "{name}");
    }
}

#[test]
fn data_files_hold_the_checkpoint() {
    let dir = TempDir::new().unwrap();
    let parts = Parts::of("tiny_2m");
    let weights = parts.weights();
    parts.write(&weights, dir.path(), &()).unwrap();
    let mut transposed = 0;
    for name in ComponentName::ALL {
        let graph = ComponentGraph::build(name, &parts.config, Opset::MIN).unwrap();
        let data = fs::read(dir.path().join(ComponentGraph::data_file(name))).unwrap();
        assert_eq!(data.len() as u64, graph.model.data_size(), "{name}");
        for parameter in graph.model.parameters() {
            let count = parameter.shape.iter().product();
            let mut values = vec![0.0; count];
            let read = weights
                .open(&parameter.name)
                .unwrap()
                .read(&mut values)
                .unwrap();
            assert_eq!(read, count, "{}", parameter.name);
            if parameter.layout == Layout::Transposed {
                let [ins, outs] = parameter.shape[..] else {
                    panic!("{}", parameter.name)
                };
                let at = |i: usize, o: usize| values[o * ins + i];
                values = (0..ins)
                    .flat_map(|i| (0..outs).map(move |o| (i, o)))
                    .map(|(i, o)| at(i, o))
                    .collect();
                transposed += 1;
            }
            let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
            let offset = parameter.offset as usize;
            assert!(data[offset..][..bytes.len()] == bytes, "{}", parameter.name);
        }
    }
    assert!(transposed > 10);
}

#[test]
fn some_components_are_enough() {
    let dir = TempDir::new().unwrap();
    let mut parts = Parts::of("tiny_english");
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
    let parts = Parts::of("tiny_english");
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

    fn cancelled(&self) -> bool {
        false
    }
}

#[test]
fn progress_adds_up() {
    let dir = TempDir::new().unwrap();
    let parts = Parts::of("tiny_2m");
    let notes = Notes::default();
    let manifest = parts.write(&parts.weights(), dir.path(), &notes).unwrap();
    let data: u64 = manifest.components.values().map(|c| c.data.size).sum();
    assert_eq!((notes.total.get(), notes.written.get()), (data, data));
    assert_eq!(*notes.components.borrow(), ComponentName::ALL);
}
