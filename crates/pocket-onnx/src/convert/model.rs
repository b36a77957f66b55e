//! From its source to a model: its configuration, weights and tokenizer.

use std::error::Error as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use bundle::{FileEntry, FileError, Source, SourceFile};
use checkpoint::{
    Adapter, AdapterFiles, Checkpoint, FetchProgress, Fetched, Hub, Location, LocationOverrides,
    ModelFiles, SyntheticWeights, TokenizerFile, TokenizerKind, Weights, known_sha256,
};
use config::{Config, Variant};
use export::Identity;
use filetype::{Expected, foreign_path};

use super::{ConversionProblem, ModelSource, Unpacked};
use crate::Result;
use crate::error::About;
use crate::text::read_all;
use crate::voices::read_fetched;

/// A model that is ready to be exported.
pub(crate) struct SourceModel {
    pub(crate) config: Config,
    pub(crate) weights: Box<dyn Weights>,
    pub(crate) tokenizer: TokenizerFile,
    /// Source of everything except the digests of `files`.
    pub(crate) identity: Identity,
    pub(crate) files: SourceFiles,
    /// What the user should know about the files.
    pub(crate) notices: Vec<String>,
    /// Keeps the files of an included model on disk while they are read.
    unpacked: Option<Unpacked>,
}

/// The files that a model was made from.
#[derive(Default)]
pub(crate) struct SourceFiles {
    config: Option<Fetched>,
    weights: Vec<Fetched>,
    adapter: Option<Fetched>,
    tokenizer: Option<Fetched>,
}

/// A configuration and where it came from.
struct Configured {
    config: Config,
    variant: Option<&'static Variant>,
    file: Option<Fetched>,
}

impl SourceModel {
    /// Reads the configuration, fetches what it names and opens the weights.
    pub(crate) fn open(args: &ModelSource, progress: &dyn FetchProgress) -> Result<Self> {
        let hub = Hub::from_env()?;
        let Configured {
            config,
            variant,
            file,
        } = Configured::read(args, &hub, progress)?;
        let identity = Identity {
            variant: variant.map(|v| v.name.to_owned()),
            signature: variant.and_then(|v| v.signature).map(str::to_owned),
            language: variant.map(|v| v.language.to_string()),
            synthetic: args.synthetic,
            voice_cloning: true,
            source: Source {
                config: None,
                weights: Vec::new(),
                adapter: None,
                tokenizer: None,
            },
        };
        let unpacked = match variant {
            Some(variant) if variant.is_included() => Some(Unpacked::model()?),
            _ => None,
        };
        let args = &located(args, unpacked.as_ref());
        let mut model = match args.synthetic {
            Some(seed) => Self::synthetic(args, config, identity, seed, &hub, progress),
            None => Self::fetched(args, config, identity, &hub, progress),
        }?;
        model.files.config = file;
        model.unpacked = unpacked;
        Ok(model)
    }

    fn synthetic(
        args: &ModelSource,
        config: Config,
        identity: Identity,
        seed: u64,
        hub: &Hub,
        progress: &dyn FetchProgress,
    ) -> Result<Self> {
        let table = &config.flow_lm.lookup_table;
        let mut files = SourceFiles::default();
        let tokenizer = if let Some(location) = &args.tokenizer {
            let path = hub.fetch(&location.parse()?, progress)?;
            let kind = TokenizerKind::resolve(&table.tokenizer, location);
            let tokenizer = TokenizerFile::read(&path, kind)?;
            files.tokenizer = Some(Fetched {
                location: location.clone(),
                path,
            });
            tokenizer
        } else {
            let location = table.tokenizer_path.as_deref().unwrap_or_default();
            TokenizerFile::shipped(TokenizerKind::resolve(&table.tokenizer, location))?
        };
        tokenizer.check(table.n_bins)?;
        Ok(Self {
            weights: Box::new(SyntheticWeights::new(&config.tensors(), seed)),
            config,
            tokenizer,
            identity,
            files,
            notices: Vec::new(),
            unpacked: None,
        })
    }

    fn fetched(
        args: &ModelSource,
        config: Config,
        mut identity: Identity,
        hub: &Hub,
        progress: &dyn FetchProgress,
    ) -> Result<Self> {
        let replacements = LocationOverrides {
            weights: args.weights.as_deref(),
            mimi_weights: args.mimi_weights.as_deref(),
            tokenizer: args.tokenizer.as_deref(),
        };
        let tensors = config.tensors();
        // The tokenizer is small and may not match: it is fetched before the weights.
        let adapter = match &args.adapter {
            Some(location) => {
                let files = AdapterFiles::fetch(location, hub, progress)?;
                Some((Adapter::open(&files, &tensors)?, files.weights))
            }
            None => None,
        };
        let files = ModelFiles::fetch_with(&config, &replacements, hub, progress)?;
        let fetched: Vec<_> = files.weights.iter().collect();
        let weights = read_fetched(hub, &fetched, progress, || {
            Ok(Checkpoint::open(&files.weights.to_checkpoint(), &tensors)?)
        })?;
        identity.voice_cloning = files.voice_cloning;
        if files.trained || adapter.is_some() {
            // Predefined voices are states of the released weights: other weights turn them into
            // noise.
            identity.variant = None;
            identity.signature = None;
        }
        let notices = notices(args, &files);
        let weights: Box<dyn Weights> = Box::new(weights);
        let (weights, adapter) = match adapter {
            Some((adapter, file)) => (Box::new(adapter.merge_into(weights)) as _, Some(file)),
            None => (weights, None),
        };
        Ok(Self {
            config,
            weights,
            tokenizer: files.vocabulary,
            identity,
            files: SourceFiles {
                config: None,
                weights: files.weights.iter().cloned().collect(),
                adapter,
                tokenizer: Some(files.tokenizer),
            },
            notices,
            unpacked: None,
        })
    }
}

/// What the user should know about the files.
fn notices(args: &ModelSource, files: &ModelFiles) -> Vec<String> {
    let mut notices = Vec::new();
    if let (Some(typed), Some(used)) = (&args.weights, files.weights.iter().next())
        && *typed != used.location
    {
        notices.push(format!("the weights are those in {}", used.location));
    }
    if let Some(reason) = &files.fallback {
        let causes = std::iter::successors(reason.source(), |&cause| cause.source());
        let reason = causes.fold(reason.to_string(), |text, cause| format!("{text}: {cause}"));
        let instead = if files.trained {
            "The codec of the open weights is used instead: it cannot clone a voice from a recording"
        } else {
            "The open weights are used instead: they speak with the predefined voices, but cannot clone \
             a voice from a recording"
        };
        notices.push(format!("{reason}\n{instead}, so mimi_encoder is left out."));
    }
    notices
}

/// The arguments, completed by the files of an included model.
fn located(args: &ModelSource, unpacked: Option<&Unpacked>) -> ModelSource {
    let mut args = args.clone();
    let Some(unpacked) = unpacked else {
        return args;
    };
    let text = |path: PathBuf| path.to_string_lossy().into_owned();
    if args.weights.is_none() && args.synthetic.is_none() {
        args.weights = Some(text(unpacked.weights()));
    }
    args.tokenizer
        .get_or_insert_with(|| text(unpacked.tokenizer()));
    args
}

impl Configured {
    fn read(args: &ModelSource, hub: &Hub, progress: &dyn FetchProgress) -> Result<Self> {
        let Some(location) = &args.config else {
            let variant = Variant::find(args.variant_name())?;
            return Ok(Self {
                config: variant.config(),
                variant: Some(variant),
                file: None,
            });
        };
        let path = hub.fetch(&location.parse()?, progress)?;
        let location = location.clone();
        let file = Fetched { location, path };
        let config = read_fetched(hub, &[&file], progress, || {
            let text = read_text(&file.path)?;
            Ok(Config::from_yaml(&text)?)
        });
        let config = config.about(|| format!("configuration {}", file.location))?;
        Ok(Self {
            config,
            variant: None,
            file: Some(file),
        })
    }
}

/// Largest configuration that is read: a hundred times the size of the released ones.
const LARGEST_CONFIG: u64 = 1 << 20;

fn read_text(path: &Path) -> Result<String> {
    let context = || format!("cannot read {}", path.display());
    if let Some(foreign) = foreign_path(path, Expected::Configuration).about(context)? {
        return Err(ConversionProblem::Foreign {
            path: path.to_owned(),
            foreign,
        }
        .into());
    }
    let file = File::open(path).about(context)?;
    let metadata = file.metadata().about(context)?;
    if metadata.len() > LARGEST_CONFIG {
        return Err(ConversionProblem::LargeConfig {
            path: path.to_owned(),
            largest: LARGEST_CONFIG,
        }
        .into());
    }
    read_all(file).about(context)
}

impl SourceFiles {
    /// What the manifest says about the files; reads them all.
    pub(crate) fn describe(&self) -> Result<Source, FileError> {
        let all = |files: &[Fetched]| files.iter().map(source_file).collect::<Result<_, _>>();
        Ok(Source {
            config: self.config.as_ref().map(source_file).transpose()?,
            weights: all(&self.weights)?,
            adapter: self.adapter.as_ref().map(source_file).transpose()?,
            tokenizer: self.tokenizer.as_ref().map(source_file).transpose()?,
        })
    }
}

/// For a local file only the name is recorded, because bundles are passed on.
fn source_file(Fetched { location, path }: &Fetched) -> Result<SourceFile, FileError> {
    let described = match location.parse() {
        Ok(Location::Hub(_) | Location::Web(_)) => location.clone(),
        Ok(Location::Local(_)) | Err(_) => {
            let local = Path::new(location);
            let name = local.file_name().unwrap_or(local.as_os_str());
            name.to_string_lossy().into_owned()
        }
    };
    let dir = path.parent().unwrap_or(Path::new(""));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let known = fs::metadata(path).ok().zip(known_sha256(path));
    let (size, sha256) = if let Some((file, sha256)) = known {
        (file.len(), sha256)
    } else {
        let FileEntry { size, sha256, .. } = FileEntry::of(dir, &name)?;
        (size, sha256)
    };
    Ok(SourceFile {
        location: described,
        size,
        sha256,
    })
}
