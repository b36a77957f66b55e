//! Writes a bundle: graphs, weights, tokenizer, manifest.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::{panic, thread};

use bundle::{
    Component, ComponentName, Extent, FORMAT, FORMAT_VERSION, FileEntry, Generator, Manifest,
    Model, Parameter, ParameterKind, Source, Synthetic, Tokenizer, hex,
};
use checkpoint::{TensorReader, TokenizerFile, TokenizerKind, Weights};
use config::Config;
use onnx::{Opset, Packing, ValueReader, WriteError};

use crate::{ComponentGraph, ExportError, Formats, Staging, interface};

/// Everything that goes into a bundle.
pub struct Export<'a> {
    /// The model.
    pub config: &'a Config,
    /// Its tensors.
    pub weights: &'a dyn Weights,
    /// Its vocabulary.
    pub tokenizer: &'a TokenizerFile,
    /// Which graphs to write.
    pub components: &'a [ComponentName],
    /// Operator set of the graphs.
    pub opset: Opset,
    /// Whether `flow_lm` gives the attention of the heads that tell the times of words.
    pub attention: bool,
    /// How their weights are stored.
    pub formats: Formats,
    /// What the manifest says of the origin.
    pub identity: Identity,
}

/// What the manifest says of a bundle's origin.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Name of the released configuration, where it is one.
    pub variant: Option<String>,
    /// Upstream's signature of the variant, where it has one.
    pub signature: Option<String>,
    /// Language the model speaks, where it is known.
    pub language: Option<String>,
    /// Seed of random weights.
    pub synthetic: Option<u64>,
    /// Whether the encoder can turn a recording into a voice.
    pub voice_cloning: bool,
    /// Where everything came from.
    pub source: Source,
}

/// Why a bundle could not be completed.
pub type Completion = Box<dyn std::error::Error + Send + Sync>;

/// Learns how far writing has come.
pub trait WriteProgress {
    /// Weights of this many bytes will be written.
    fn started(&self, total: u64);
    /// A component's weights begin.
    fn component(&self, name: ComponentName);
    /// So many more bytes were written.
    fn advanced(&self, bytes: u64);
    /// So many weights of a component were rounded, as bf16 does not hold them.
    fn rounded(&self, name: ComponentName, weights: usize);
    /// Asked often: whether to stop and leave everything as it was.
    fn cancelled(&self) -> bool;
}

/// Nobody watches.
impl WriteProgress for () {
    fn started(&self, _: u64) {}
    fn component(&self, _: ComponentName) {}
    fn advanced(&self, _: u64) {}
    fn rounded(&self, _: ComponentName, _: usize) {}
    fn cancelled(&self) -> bool {
        false
    }
}

impl Export<'_> {
    /// Writes the bundle to the folder `output`, replacing the one that is there.
    ///
    /// # Errors
    ///
    /// On every error the old bundle is whole and nothing of the new one is left.
    pub fn write(
        &self,
        output: &Path,
        progress: &dyn WriteProgress,
    ) -> Result<Manifest, ExportError> {
        self.write_with(output, progress, |_, _| Ok(()))
    }

    /// [`Export::write`], with a last word on the manifest and the folder. `complete` is given
    /// both once graphs, weights and tokenizer are there. So the digests of large source files
    /// can be found meanwhile, and voices be made with the graphs.
    pub fn write_with(
        &self,
        output: &Path,
        progress: &dyn WriteProgress,
        complete: impl FnOnce(&Path, &mut Manifest) -> Result<(), Completion>,
    ) -> Result<Manifest, ExportError> {
        let heads = match &self.config.timestamp_heads {
            Some(heads) if self.attention => &heads[..],
            _ => &[],
        };
        let graphs = (self.components.iter())
            .map(|&name| {
                ComponentGraph::watched(
                    name,
                    self.config,
                    self.opset,
                    self.formats.of(name, self.config),
                    heads,
                )
            })
            .collect::<Result<Vec<_>, _>>()?;
        let staging = Staging::begin(output)?;
        progress.started(graphs.iter().map(|g| g.model.data_size()).sum());
        let components = thread::scope(|scope| {
            let (written, to_flush) = mpsc::channel::<PathBuf>();
            let flusher =
                scope.spawn(move || to_flush.into_iter().try_for_each(|path| flush(&path)));
            let mut components = BTreeMap::new();
            for graph in graphs {
                progress.component(graph.name);
                let name = graph.name;
                let component = self.write_component(graph, staging.dir(), progress)?;
                for file in [&component.graph, &component.data] {
                    // The flusher lives until its channel closes, or fails, which is told below.
                    let _ = written.send(staging.dir().join(&file.name));
                }
                components.insert(name, component);
            }
            drop(written);
            flusher
                .join()
                .unwrap_or_else(|panic| panic::resume_unwind(panic))?;
            Ok::<_, ExportError>(components)
        })?;
        let tokenizer = self.write_tokenizer(staging.dir())?;
        let mut manifest = self.manifest(components, tokenizer);
        complete(staging.dir(), &mut manifest).map_err(ExportError::Completion)?;
        let late = (manifest.voices.iter()).map(|voice| &voice.file);
        for file in late.chain([&manifest.tokenizer.file]) {
            flush(&staging.dir().join(&file.name))?;
        }
        // A manifest in the staging folder says that all its files are there.
        let path = staging.dir().join(Manifest::FILE);
        std::fs::write(&path, manifest.to_json()?).map_err(ExportError::write(&path))?;
        flush(&path)?;
        staging.commit()?;
        Ok(manifest)
    }

    fn write_component(
        &self,
        graph: ComponentGraph,
        dir: &Path,
        progress: &dyn WriteProgress,
    ) -> Result<Component, ExportError> {
        let ComponentGraph {
            name,
            model,
            states,
            position,
        } = graph;
        let graph_file = name.graph_file();
        let path = dir.join(&graph_file);
        write_with(&path, |out| model.write(out)).map_err(ExportError::write(&path))?;

        let data_file = name.data_file();
        let path = dir.join(&data_file);
        let mut out = File::create(&path).map_err(ExportError::write(&path))?;
        let written = model
            .write_data(
                &mut out,
                |parameter| {
                    let tensor = self.weights.open(&parameter.name)?;
                    Ok(Reader { tensor, progress })
                },
                |bytes| progress.advanced(bytes),
            )
            .map_err(|error| match error {
                WriteError::Values(error) => error,
                WriteError::Write(source) => ExportError::Write { path, source },
                count @ WriteError::Count { .. } => ExportError::Count {
                    component: name.as_str(),
                    reason: count.to_string(),
                },
            })?;
        if written.rounded > 0 {
            progress.rounded(name, written.rounded);
        }
        // The builder declares nothing but f32 and i64 tensors.
        let (inputs, outputs) = model
            .proto()
            .graph
            .as_ref()
            .and_then(interface)
            .unwrap_or_default();
        Ok(Component {
            graph: file_entry(dir, &graph_file)?,
            data: FileEntry {
                name: data_file,
                size: written.size,
                sha256: hex(&written.sha256),
            },
            format: self.formats.of(name, self.config),
            parameters: model.parameters().iter().map(parameter).collect(),
            inputs,
            outputs,
            states,
            position,
        })
    }

    fn write_tokenizer(&self, dir: &Path) -> Result<Tokenizer, ExportError> {
        let kind = self.tokenizer.kind();
        let name = kind.file_name();
        let path = dir.join(name);
        std::fs::write(&path, self.tokenizer.bytes()).map_err(ExportError::write(path))?;
        Ok(Tokenizer {
            kind: match kind {
                TokenizerKind::Json => "tokenizers",
                TokenizerKind::SentencePiece => "sentencepiece",
            }
            .to_owned(),
            vocabulary: self.tokenizer.vocab_size(),
            file: file_entry(dir, name)?,
        })
    }

    fn manifest(
        &self,
        components: BTreeMap<ComponentName, Component>,
        tokenizer: Tokenizer,
    ) -> Manifest {
        let Self {
            config, identity, ..
        } = self;
        Manifest {
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION,
            generator: Generator {
                name: "pocket-onnx".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            variant: identity.variant.clone(),
            signature: identity.signature.clone(),
            language: identity.language.clone(),
            synthetic: identity.synthetic.map(|seed| Synthetic { seed }),
            voice_cloning: identity.voice_cloning,
            source: identity.source.clone(),
            opset_version: self.opset.version() as u32,
            sample_rate: config.mimi.sample_rate,
            frame_rate: config.mimi.frame_rate,
            frame_size: config.frame_size(),
            model: Model::of(config),
            text: config.text_options(),
            generation: config.generation_options(),
            word_heads: self.config.timestamp_heads.clone(),
            tokenizer,
            components,
            voices: Vec::new(),
        }
    }
}

/// A parameter, as the manifest says it.
fn parameter(parameter: &onnx::Parameter) -> Parameter {
    let extent = |extent: onnx::Extent| Extent {
        offset: extent.offset,
        size: extent.size,
    };
    let (kind, shape) = match parameter.packing {
        Packing::Vector(_) => (ParameterKind::Vector, parameter.shape.clone()),
        Packing::Table(table) => (ParameterKind::Table, vec![table.rows, table.width]),
        Packing::Matrix(matrix) => (ParameterKind::Matrix, vec![matrix.inputs, matrix.outputs]),
    };
    Parameter {
        name: parameter.name.clone(),
        kind,
        format: parameter.packing.format(),
        shape,
        values: extent(parameter.values),
        scales: parameter.scales.map(extent),
    }
}

/// A checkpoint's tensor as the data file's writer reads it.
struct Reader<'a> {
    tensor: Box<dyn TensorReader + 'a>,
    progress: &'a dyn WriteProgress,
}

impl ValueReader for Reader<'_> {
    type Error = ExportError;

    fn read(&mut self, out: &mut [f32]) -> Result<usize, ExportError> {
        if self.progress.cancelled() {
            return Err(ExportError::Cancelled);
        }
        Ok(self.tensor.read(out)?)
    }
}

/// Waits until the disk has what was written: the bundle takes the old one's place whole,
/// even if the machine stops right after.
fn flush(path: &Path) -> Result<(), ExportError> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(ExportError::write(path))
}

fn write_with(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    write(&mut out)?;
    out.flush()
}

fn file_entry(dir: &Path, name: &str) -> Result<FileEntry, ExportError> {
    FileEntry::of(dir, name).map_err(|error| match error {
        bundle::FileError::Read { path, source } => ExportError::Write { path, source },
        other => ExportError::Write {
            path: dir.join(name),
            source: std::io::Error::other(other),
        },
    })
}
