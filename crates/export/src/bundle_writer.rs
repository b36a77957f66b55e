//! Writes a bundle: graphs, weights, tokenizer, manifest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::{panic, thread};

use bundle::{
    Component, ComponentName, FORMAT, FORMAT_VERSION, Generator, Manifest, Source, Synthetic,
    TokenizerEntry,
};
use checkpoint::{TokenizerFile, TokenizerKind, Weights};
use config::Config;
use onnx::Opset;

use crate::{ComponentFormats, ComponentGraph, ExportError, Staging};

mod component_files;

use component_files::{file_entry, flush};

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
    pub formats: ComponentFormats,
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
pub type CompletionError = Box<dyn std::error::Error + Send + Sync>;

/// Is told how far writing has come.
pub trait WriteProgress {
    /// Weights of this many bytes will be written.
    fn started(&self, total: u64);
    /// A component's weights begin.
    fn component(&self, name: ComponentName);
    /// This many more bytes were written.
    fn advanced(&self, bytes: u64);
    /// This many weights of a component were rounded, because bf16 does not hold them.
    fn rounded(&self, name: ComponentName, weights: usize);
    /// Whether to stop and leave everything as it was. Called often.
    fn cancelled(&self) -> bool;
}

/// Ignores progress.
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
    /// Writes the bundle to the folder `output`, replacing an existing bundle.
    ///
    /// # Errors
    ///
    /// On every error the old bundle is whole and nothing of the new one is left, except with
    /// [`ExportError::Kept`]: the new bundle is finished, and stays in its staging folder.
    pub fn write(
        &self,
        output: &Path,
        progress: &dyn WriteProgress,
    ) -> Result<Manifest, ExportError> {
        self.write_with(output, progress, |_, _| Ok(()))
    }

    /// Like [`Export::write`], but calls `complete` on the manifest and the folder before the bundle
    /// is published, when graphs, weights and tokenizer are written. So the digests of large source
    /// files can be computed meanwhile, and voices be made with the graphs.
    pub fn write_with(
        &self,
        output: &Path,
        progress: &dyn WriteProgress,
        complete: impl FnOnce(&Path, &mut Manifest) -> Result<(), CompletionError>,
    ) -> Result<Manifest, ExportError> {
        let graphs = self.graphs()?;
        let staging = Staging::begin(output)?;
        progress.started(graphs.iter().map(|g| g.model.data().size()).sum());
        let components = self.write_components(graphs, staging.dir(), progress)?;
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

    fn graphs(&self) -> Result<Vec<ComponentGraph>, ExportError> {
        let heads = match &self.config.timestamp_heads {
            Some(heads) if self.attention => &heads[..],
            _ => &[],
        };
        let graph = |&name: &ComponentName| {
            let formats = self.formats.of(name, self.config);
            ComponentGraph::watched(name, self.config, self.opset, formats, heads)
        };
        Ok((self.components.iter())
            .map(graph)
            .collect::<Result<_, _>>()?)
    }

    /// Writes the files of all components. Each is flushed to the disk while the next is written.
    fn write_components(
        &self,
        graphs: Vec<ComponentGraph>,
        dir: &Path,
        progress: &dyn WriteProgress,
    ) -> Result<BTreeMap<ComponentName, Component>, ExportError> {
        thread::scope(|scope| {
            let (written, to_flush) = mpsc::channel::<PathBuf>();
            let flusher =
                scope.spawn(move || to_flush.into_iter().try_for_each(|path| flush(&path)));
            let mut components = BTreeMap::new();
            for graph in graphs {
                progress.component(graph.name);
                let name = graph.name;
                let component = self.write_component(graph, dir, progress)?;
                for file in [&component.graph, &component.data] {
                    // The flusher lives until its channel closes, or fails, which is told below.
                    let _ = written.send(dir.join(&file.name));
                }
                components.insert(name, component);
            }
            drop(written);
            flusher
                .join()
                .unwrap_or_else(|panic| panic::resume_unwind(panic))?;
            Ok(components)
        })
    }

    fn write_tokenizer(&self, dir: &Path) -> Result<TokenizerEntry, ExportError> {
        let kind = self.tokenizer.kind();
        let name = kind.file_name();
        let path = dir.join(name);
        std::fs::write(&path, self.tokenizer.bytes()).map_err(ExportError::write(path))?;
        Ok(TokenizerEntry {
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
        tokenizer: TokenizerEntry,
    ) -> Manifest {
        let Self {
            config, identity, ..
        } = self;
        Manifest {
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION,
            requires: Vec::new(),
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
            frame_size: config.mimi.frame_size(),
            model: config.model(),
            text: config.text_options(),
            generation: config.generation_options(),
            word_heads: self.config.timestamp_heads.clone(),
            tokenizer,
            components,
            voices: Vec::new(),
        }
    }
}
