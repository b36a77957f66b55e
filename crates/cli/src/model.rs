//! From what was typed to a model: its configuration, weights and tokenizer.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result, bail};
use bundle::{FileEntry, FileError, Source, SourceFile};
use checkpoint::{
    Checkpoint, Fetched, Hub, Location, ModelFiles, Progress, SyntheticWeights, TokenizerFile,
    TokenizerKind, Weights, known_sha256,
};
use config::{Config, Variant};
use export::Identity;

use crate::args::ModelArgs;
use crate::text::read_all;

/// A model that is ready to be exported.
pub(crate) struct Model {
    pub(crate) config: Config,
    pub(crate) weights: Box<dyn Weights>,
    pub(crate) tokenizer: TokenizerFile,
    /// All but the digests of `files`.
    pub(crate) identity: Identity,
    pub(crate) files: Origin,
    /// What the user has to be told: these weights stand in for better ones.
    pub(crate) fallback: Option<String>,
}

/// The files that a model was made from.
#[derive(Default)]
pub(crate) struct Origin {
    config: Option<Fetched>,
    weights: Vec<Fetched>,
    tokenizer: Option<Fetched>,
}

/// A configuration and where it came from.
struct Configured {
    config: Config,
    variant: Option<&'static Variant>,
    file: Option<Fetched>,
}

impl Model {
    /// Reads the configuration, fetches what it names and opens the weights.
    pub(crate) fn open(args: &ModelArgs, progress: &dyn Progress) -> Result<Self> {
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
                tokenizer: None,
            },
        };
        let mut model = match args.synthetic {
            Some(seed) => Self::synthetic(args, config, identity, seed, &hub, progress),
            None => Self::fetched(args, config, identity, &hub, progress),
        }?;
        model.files.config = file;
        Ok(model)
    }

    fn synthetic(
        args: &ModelArgs,
        config: Config,
        identity: Identity,
        seed: u64,
        hub: &Hub,
        progress: &dyn Progress,
    ) -> Result<Self> {
        let table = &config.flow_lm.lookup_table;
        let mut files = Origin::default();
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
            fallback: None,
        })
    }

    fn fetched(
        args: &ModelArgs,
        config: Config,
        mut identity: Identity,
        hub: &Hub,
        progress: &dyn Progress,
    ) -> Result<Self> {
        let files = ModelFiles::fetch(&overridden(&config, args), hub, progress)?;
        let weights = Checkpoint::open(&files.weights.to_checkpoint(), &config.tensors())?;
        identity.voice_cloning = files.voice_cloning;
        Ok(Self {
            config,
            weights: Box::new(weights),
            tokenizer: files.vocabulary,
            identity,
            files: Origin {
                config: None,
                weights: files.weights.iter().cloned().collect(),
                tokenizer: Some(files.tokenizer),
            },
            fallback: files.fallback.map(|reason| {
                format!(
                    "{:#}\nThe open weights are used instead: they speak with the predefined voices, but cannot clone \
                     a voice from a recording, so mimi_encoder is left out.",
                    anyhow::Error::new(reason)
                )
            }),
        })
    }
}

impl Configured {
    fn read(args: &ModelArgs, hub: &Hub, progress: &dyn Progress) -> Result<Self> {
        let Some(location) = &args.config else {
            let variant = Variant::find(args.variant_name())?;
            return Ok(Self {
                config: variant.config(),
                variant: Some(variant),
                file: None,
            });
        };
        let path = hub.fetch(&location.parse()?, progress)?;
        let config = read_text(&path)
            .and_then(|text| Ok(Config::from_yaml(&text)?))
            .with_context(|| format!("configuration {location}"))?;
        Ok(Self {
            config,
            variant: None,
            file: Some(Fetched {
                location: location.clone(),
                path,
            }),
        })
    }
}

/// The configuration with the locations that were typed in place of its own.
fn overridden(config: &Config, args: &ModelArgs) -> Config {
    let mut config = config.clone();
    if let Some(weights) = &args.weights {
        config.weights_path = Some(weights.clone());
        config.weights_path_without_voice_cloning = None;
        config.flow_lm.weights_path = None;
        config.mimi.weights_path = None;
    }
    if let Some(tokenizer) = &args.tokenizer {
        config.flow_lm.lookup_table.tokenizer_path = Some(tokenizer.clone());
    }
    config
}

/// Largest configuration that is read: a hundred times what the released ones have.
const LARGEST_CONFIG: u64 = 1 << 20;

fn read_text(path: &Path) -> Result<String> {
    let context = || format!("cannot read {}", path.display());
    let file = File::open(path).with_context(context)?;
    let metadata = file.metadata().with_context(context)?;
    if !metadata.is_file() || metadata.len() > LARGEST_CONFIG {
        bail!("{} is not a configuration file", path.display());
    }
    read_all(file).with_context(context)
}

impl Origin {
    /// What the manifest says of the files; reads them all.
    pub(crate) fn describe(&self) -> Result<Source, FileError> {
        let all = |files: &[Fetched]| files.iter().map(source_file).collect::<Result<_, _>>();
        Ok(Source {
            config: self.config.as_ref().map(source_file).transpose()?,
            weights: all(&self.weights)?,
            tokenizer: self.tokenizer.as_ref().map(source_file).transpose()?,
        })
    }
}

/// Of a local file only the name is told, for bundles travel.
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
