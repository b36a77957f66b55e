//! Which files make up a model: counterpart of the choices in `_from_pydantic_config_with_weights`
//! in pocket-tts `models/tts_model.py`.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use config::Config;

use crate::file::TensorFile;
use crate::hub::{FetchError, FetchProgress, Hub};
use crate::location::Location;
use crate::{CheckpointFiles, TokenizerFile, TokenizerFileError, TokenizerKind};

mod run_dir;

pub use run_dir::RunDirError;

/// Locations that replace those in a configuration.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocationOverrides<'a> {
    /// Weights that replace all those in the configuration. If they have no codec, as those of a
    /// training have none, it comes from the configuration's weights. A folder is one that the
    /// trainer wrote.
    pub weights: Option<&'a str>,
    /// The codec, which replaces that of all other weights.
    pub mimi_weights: Option<&'a str>,
    /// The tokenizer.
    pub tokenizer: Option<&'a str>,
}

/// The files of a model, all on this machine.
#[derive(Debug)]
pub struct ModelFiles {
    /// The weights.
    pub weights: WeightFiles,
    /// Whether the weights can clone a voice from a recording.
    pub voice_cloning: bool,
    /// Why the open weights are used: the reason that those with voice cloning were not available.
    pub fallback: Option<FetchError>,
    /// Whether a trainer wrote the weights, so that they belong to no released model.
    pub trained: bool,
    /// The tokenizer.
    pub tokenizer: Fetched,
    /// The parsed tokenizer.
    pub vocabulary: TokenizerFile,
}

/// A file and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The location, as the configuration gives it.
    pub location: String,
    /// The file on this machine.
    pub path: PathBuf,
}

/// The weights of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WeightFiles {
    /// One file holds `flow_lm` and `mimi`.
    Whole(Fetched),
    /// `flow_lm` is in `whole`; the codec in `mimi` replaces the one there.
    WholeWithMimi {
        /// The published layout.
        whole: Fetched,
        /// The codec alone.
        mimi: Fetched,
    },
    /// One file each.
    Parts {
        /// The backbone alone.
        flow_lm: Fetched,
        /// The codec alone.
        mimi: Fetched,
    },
}

impl WeightFiles {
    /// The files, to be opened.
    pub fn to_checkpoint(&self) -> CheckpointFiles {
        match self {
            Self::Whole(whole) => CheckpointFiles::Whole(whole.path.clone()),
            Self::WholeWithMimi { whole, mimi } => CheckpointFiles::WholeWithMimi {
                whole: whole.path.clone(),
                mimi: mimi.path.clone(),
            },
            Self::Parts { flow_lm, mimi } => CheckpointFiles::Parts {
                flow_lm: flow_lm.path.clone(),
                mimi: mimi.path.clone(),
            },
        }
    }

    /// One or two files.
    pub fn iter(&self) -> impl Iterator<Item = &Fetched> {
        let (first, second) = match self {
            Self::Whole(whole) => (whole, None),
            Self::WholeWithMimi { whole, mimi } => (whole, Some(mimi)),
            Self::Parts { flow_lm, mimi } => (flow_lm, Some(mimi)),
        };
        [first].into_iter().chain(second)
    }
}

/// Why the files of a model are not available.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The backbone's weights without the codec's.
    #[error("flow_lm.weights_path needs mimi.weights_path too")]
    NoMimi,
    /// The codec's weights without the backbone's.
    #[error("mimi.weights_path needs weights_path or flow_lm.weights_path too")]
    NoFlowLm,
    /// No weights at all.
    #[error(
        "the configuration names no weights: set weights_path in it, or give --weights \
         or --synthetic"
    )]
    NoWeights,
    /// No tokenizer.
    #[error(
        "the configuration names no tokenizer: set flow_lm.lookup_table.tokenizer_path in it, \
         or give --tokenizer"
    )]
    NoTokenizer,
    /// A tokenizer that the model cannot use.
    #[error("tokenizer {location}")]
    Tokenizer {
        /// Where it is from.
        location: String,
        /// Why not.
        source: TokenizerFileError,
    },
    /// Weights from training, and no file with the codec.
    #[error(
        "{location} has no codec (mimi.* tensors), for training leaves it as it is, and the \
         configuration names no weights that have it: set weights_path or mimi.weights_path in it, \
         or give --mimi-weights"
    )]
    NoCodec {
        /// The weights.
        location: String,
    },
    /// A folder without weights.
    #[error(transparent)]
    RunDir(#[from] RunDirError),
    /// A file that could not be fetched.
    #[error("cannot fetch {key} {location}")]
    Fetch {
        /// The key of the configuration, or the option that replaces it.
        key: &'static str,
        /// Its value.
        location: String,
        /// Why not.
        source: Box<FetchError>,
    },
    /// Neither the weights nor the open ones that would replace them are available.
    #[error("cannot fetch weights_path {location}, nor the weights without voice cloning ({open})")]
    Neither {
        /// The value of `weights_path`.
        location: String,
        /// Why not `weights_path`.
        source: Box<FetchError>,
        /// Why not `weights_path_without_voice_cloning`.
        open: Box<FetchError>,
    },
}

/// What is requested, before anything is fetched.
enum WantedWeights<'a> {
    /// Weights that replace the configuration's.
    Replaced {
        weights: Cow<'a, str>,
        mimi: Option<&'a str>,
    },
    Whole(&'a str),
    WholeWithMimi {
        whole: &'a str,
        mimi: &'a str,
    },
    Parts {
        flow_lm: &'a str,
        mimi: &'a str,
    },
}

const WEIGHTS_PATH: &str = "weights_path";
const OPEN_WEIGHTS_PATH: &str = "weights_path_without_voice_cloning";
const FLOW_LM_WEIGHTS_PATH: &str = "flow_lm.weights_path";
const MIMI_WEIGHTS_PATH: &str = "mimi.weights_path";
const TOKENIZER_PATH: &str = "flow_lm.lookup_table.tokenizer_path";
const WEIGHTS_OPTION: &str = "--weights";
const MIMI_OPTION: &str = "--mimi-weights";

impl ModelFiles {
    /// Fetches what `config` names. If the hub refuses `weights_path`, and
    /// `weights_path_without_voice_cloning` is available, the latter is used and
    /// [`fallback`](Self::fallback) says why.
    pub fn fetch(
        config: &Config,
        hub: &Hub,
        progress: &dyn FetchProgress,
    ) -> Result<Self, SourceError> {
        Self::fetch_with(config, &LocationOverrides::default(), hub, progress)
    }

    /// [`ModelFiles::fetch`] with some of the configuration's locations replaced.
    pub fn fetch_with(
        config: &Config,
        replacements: &LocationOverrides<'_>,
        hub: &Hub,
        progress: &dyn FetchProgress,
    ) -> Result<Self, SourceError> {
        let download = Downloader { hub, progress };
        // What cannot work is refused before any download.
        let wanted = WantedWeights::by(config, replacements)?;
        let table = &config.flow_lm.lookup_table;
        download.check_local(replacements)?;
        let (key, tokenizer) = match (replacements.tokenizer, &table.tokenizer_path) {
            (Some(tokenizer), _) => ("--tokenizer", tokenizer),
            (None, Some(tokenizer)) => (TOKENIZER_PATH, tokenizer.as_str()),
            (None, None) => return Err(SourceError::NoTokenizer),
        };
        let tokenizer = download.fetch(key, tokenizer)?;
        // The tokenizer is small: it is checked before the weights are downloaded.
        let vocabulary = download.vocabulary(config, &tokenizer)?;
        let (mut fallback, mut trained) = (None, false);
        let weights = match wanted {
            WantedWeights::Replaced { weights, mimi } => {
                // A location that `run_dir` made: that of the weights in a folder that a trainer wrote.
                trained = matches!(weights, Cow::Owned(_));
                download.replaced(config, &weights, mimi, &mut fallback)?
            }
            WantedWeights::Whole(whole) => {
                let whole = download.whole(config, whole, &mut fallback)?;
                if lacks_codec(&whole) {
                    let Fetched { location, .. } = whole;
                    return Err(SourceError::NoCodec { location });
                }
                WeightFiles::Whole(whole)
            }
            WantedWeights::WholeWithMimi { whole, mimi } => WeightFiles::WholeWithMimi {
                mimi: download.fetch(MIMI_WEIGHTS_PATH, mimi)?,
                whole: download.whole(config, whole, &mut fallback)?,
            },
            WantedWeights::Parts { flow_lm, mimi } => WeightFiles::Parts {
                flow_lm: download.fetch(FLOW_LM_WEIGHTS_PATH, flow_lm)?,
                mimi: download.fetch(MIMI_WEIGHTS_PATH, mimi)?,
            },
        };
        trained |= weights.iter().any(|file| is_pytorch_file(&file.path));
        Ok(Self {
            weights,
            voice_cloning: fallback.is_none(),
            fallback,
            trained,
            tokenizer,
            vocabulary,
        })
    }
}

/// Parses the tokenizer in the same way as speaking does.
fn read_vocabulary(config: &Config, file: &Fetched) -> Result<TokenizerFile, SourceError> {
    let table = &config.flow_lm.lookup_table;
    let kind = TokenizerKind::resolve(&table.tokenizer, &file.location);
    let vocabulary = TokenizerFile::read(&file.path, kind).and_then(|vocabulary| {
        vocabulary.check(table.n_bins)?;
        Ok(vocabulary)
    });
    vocabulary.map_err(|source| SourceError::Tokenizer {
        location: file.location.clone(),
        source,
    })
}

impl<'a> WantedWeights<'a> {
    fn by(config: &'a Config, replacements: &LocationOverrides<'a>) -> Result<Self, SourceError> {
        if let Some(weights) = replacements.weights {
            return Ok(Self::Replaced {
                weights: run_dir::weights(weights)?,
                mimi: replacements.mimi_weights,
            });
        }
        let whole = config.weights_path.as_deref();
        let flow_lm = config.flow_lm.weights_path.as_deref();
        let mimi = replacements
            .mimi_weights
            .or(config.mimi.weights_path.as_deref());
        match (whole, flow_lm, mimi) {
            (_, Some(_), None) => Err(SourceError::NoMimi),
            (None, None, Some(_)) => Err(SourceError::NoFlowLm),
            (None, None, None) => Err(SourceError::NoWeights),
            (Some(whole), None, None) => Ok(Self::Whole(whole)),
            // The backbone in the whole file overrides a separate one.
            (Some(whole), _, Some(mimi)) => Ok(Self::WholeWithMimi { whole, mimi }),
            (None, Some(flow_lm), Some(mimi)) => Ok(Self::Parts { flow_lm, mimi }),
        }
    }
}

struct Downloader<'a> {
    hub: &'a Hub,
    progress: &'a dyn FetchProgress,
}

impl Downloader<'_> {
    /// Refuses options that name a missing local file, before any download.
    fn check_local(&self, replacements: &LocationOverrides<'_>) -> Result<(), SourceError> {
        let options = [
            (WEIGHTS_OPTION, replacements.weights),
            (MIMI_OPTION, replacements.mimi_weights),
        ];
        for (option, location) in options {
            if let Some(location) = location
                && let Ok(Location::Local(_)) = location.parse()
            {
                self.fetch(option, location)?;
            }
        }
        Ok(())
    }

    fn fetch(&self, key: &'static str, location: &str) -> Result<Fetched, SourceError> {
        self.get(location).map_err(|source| SourceError::Fetch {
            key,
            location: location.to_owned(),
            source: Box::new(source),
        })
    }

    fn get(&self, location: &str) -> Result<Fetched, FetchError> {
        Ok(Fetched {
            location: location.to_owned(),
            path: self.hub.fetch(&location.parse()?, self.progress)?,
        })
    }

    /// Reads the vocabulary of a fetched tokenizer. A wrong file that an earlier run downloaded from the web
    /// is fetched once more, and deleted if it is still wrong.
    fn vocabulary(&self, config: &Config, file: &Fetched) -> Result<TokenizerFile, SourceError> {
        read_vocabulary(config, file).or_else(|error| {
            let location = file.location.parse();
            let Ok(location @ Location::Web(_)) = location else {
                return Err(error);
            };
            let again = (self.hub.forget(&location))
                .and_then(|()| self.hub.fetch(&location, self.progress));
            let vocabulary = again.map_or(Err(error), |_| read_vocabulary(config, file));
            vocabulary.inspect_err(|_| drop(self.hub.forget(&location)))
        })
    }

    /// Weights that replace the configuration's. Counterpart of `load_training_checkpoint` in
    /// pocket-tts: if they lack a codec, it comes from `mimi.weights_path`, or from the
    /// configuration's weights.
    fn replaced(
        &self,
        config: &Config,
        weights: &str,
        mimi: Option<&str>,
        fallback: &mut Option<FetchError>,
    ) -> Result<WeightFiles, SourceError> {
        let whole = self.fetch(WEIGHTS_OPTION, weights)?;
        if mimi.is_none() && !lacks_codec(&whole) {
            return Ok(WeightFiles::Whole(whole));
        }
        let own = config.mimi.weights_path.as_deref();
        let mimi = match (mimi, own, &config.weights_path) {
            (Some(mimi), ..) => self.fetch(MIMI_OPTION, mimi)?,
            (None, Some(mimi), _) => self.fetch(MIMI_WEIGHTS_PATH, mimi)?,
            (None, None, Some(released)) => self.whole(config, released, fallback)?,
            (None, None, None) => {
                let Fetched { location, .. } = whole;
                return Err(SourceError::NoCodec { location });
            }
        };
        Ok(WeightFiles::WholeWithMimi { whole, mimi })
    }

    /// `weights_path`, or the open weights with the reason in `fallback`.
    fn whole(
        &self,
        config: &Config,
        location: &str,
        fallback: &mut Option<FetchError>,
    ) -> Result<Fetched, SourceError> {
        let refusal = match self.get(location) {
            Ok(fetched) => return Ok(fetched),
            Err(refusal) => refusal,
        };
        let failed = |source| SourceError::Fetch {
            key: WEIGHTS_PATH,
            location: location.to_owned(),
            source: Box::new(source),
        };
        let Some(open) = config.weights_path_without_voice_cloning.as_deref() else {
            return Err(failed(refusal));
        };
        let fetched = if refusal.is_refusal() {
            match self.get(open) {
                Ok(fetched) => fetched,
                Err(open) => {
                    return Err(SourceError::Neither {
                        location: location.to_owned(),
                        source: Box::new(refusal),
                        open: Box::new(open),
                    });
                }
            }
        } else if refusal.is_outage()
            && let Some(path) = open
                .parse::<Location>()
                .ok()
                .and_then(|open| self.hub.find(&open))
        {
            // Without a network, the other file can only come from the cache.
            Fetched {
                location: open.to_owned(),
                path,
            }
        } else {
            return Err(failed(refusal));
        };
        tracing::debug!("{OPEN_WEIGHTS_PATH} stands in for {WEIGHTS_PATH}: {refusal}");
        *fallback = Some(refusal);
        Ok(fetched)
    }
}

/// Whether a trainer saved the file with `torch.save`.
fn is_pytorch_file(path: &Path) -> bool {
    matches!(TensorFile::open(path), Ok(TensorFile::Pytorch(_)))
}

/// Whether a file has a backbone without a codec. An unreadable file is reported when it is opened.
fn lacks_codec(Fetched { path, .. }: &Fetched) -> bool {
    TensorFile::open(path).is_ok_and(|file| file.has("flow_lm.") && !file.has("mimi."))
}
