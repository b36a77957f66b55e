//! Which files make up a model: twin of the choices in `_from_pydantic_config_with_weights`
//! of pocket-tts `models/tts_model.py`.

use std::path::PathBuf;

use config::Config;

use crate::hub::{FetchError, Hub, Progress};
use crate::location::Location;
use crate::{CheckpointFiles, TokenizerError, TokenizerFile, TokenizerKind};

/// The files of a model, all on this machine.
#[derive(Debug)]
pub struct ModelFiles {
    /// The weights.
    pub weights: WeightFiles,
    /// Whether the weights can clone a voice from a recording.
    pub voice_cloning: bool,
    /// Why the weights that can clone voices were not had, where the open ones
    /// stand in for them.
    pub fallback: Option<FetchError>,
    /// The tokenizer.
    pub tokenizer: Fetched,
    /// The same, read.
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

/// A model whose files cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The backbone's weights without the codec's.
    #[error("flow_lm.weights_path needs mimi.weights_path beside it")]
    NoMimi,
    /// The codec's weights without the backbone's.
    #[error("mimi.weights_path needs weights_path or flow_lm.weights_path beside it")]
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
    /// A tokenizer that the model cannot speak with.
    #[error("tokenizer {location}")]
    Tokenizer {
        /// Where it is from.
        location: String,
        /// Why not.
        source: TokenizerError,
    },
    /// A file that could not be fetched.
    #[error("cannot fetch {key} {location}")]
    Fetch {
        /// The key of the configuration.
        key: &'static str,
        /// Its value.
        location: String,
        /// Why not.
        source: Box<FetchError>,
    },
    /// Neither the weights nor the open ones that stand in for them.
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

/// What a configuration asks for, before anything is fetched.
enum Wanted<'a> {
    Whole(&'a str),
    WholeWithMimi { whole: &'a str, mimi: &'a str },
    Parts { flow_lm: &'a str, mimi: &'a str },
}

const WHOLE: &str = "weights_path";
const OPEN: &str = "weights_path_without_voice_cloning";
const FLOW_LM: &str = "flow_lm.weights_path";
const MIMI: &str = "mimi.weights_path";
const TOKENIZER: &str = "flow_lm.lookup_table.tokenizer_path";

impl ModelFiles {
    /// Fetches what `config` names. Where the hub refuses `weights_path`, and
    /// `weights_path_without_voice_cloning` can be had, that one is taken and
    /// [`fallback`](Self::fallback) says why.
    pub fn fetch(config: &Config, hub: &Hub, progress: &dyn Progress) -> Result<Self, SourceError> {
        let source = Source { hub, progress };
        // A configuration that cannot work is refused before anything is downloaded.
        let wanted = Wanted::by(config)?;
        let tokenizer = config.flow_lm.lookup_table.tokenizer_path.as_deref();
        let tokenizer = tokenizer.ok_or(SourceError::NoTokenizer)?;
        let tokenizer = source.fetch(TOKENIZER, tokenizer)?;
        // The tokenizer is small: the weights wait until it is known to be of use.
        let vocabulary = read_vocabulary(config, &tokenizer)?;
        let mut fallback = None;
        let weights = match wanted {
            Wanted::Whole(whole) => {
                WeightFiles::Whole(source.whole(config, whole, &mut fallback)?)
            }
            Wanted::WholeWithMimi { whole, mimi } => WeightFiles::WholeWithMimi {
                mimi: source.fetch(MIMI, mimi)?,
                whole: source.whole(config, whole, &mut fallback)?,
            },
            Wanted::Parts { flow_lm, mimi } => WeightFiles::Parts {
                flow_lm: source.fetch(FLOW_LM, flow_lm)?,
                mimi: source.fetch(MIMI, mimi)?,
            },
        };
        Ok(Self {
            weights,
            voice_cloning: fallback.is_none(),
            fallback,
            tokenizer,
            vocabulary,
        })
    }
}

/// Reads the tokenizer as it is read for speaking.
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

impl<'a> Wanted<'a> {
    fn by(config: &'a Config) -> Result<Self, SourceError> {
        let whole = config.weights_path.as_deref();
        let flow_lm = config.flow_lm.weights_path.as_deref();
        let mimi = config.mimi.weights_path.as_deref();
        match (whole, flow_lm, mimi) {
            (_, Some(_), None) => Err(SourceError::NoMimi),
            (None, None, Some(_)) => Err(SourceError::NoFlowLm),
            (None, None, None) => Err(SourceError::NoWeights),
            (Some(whole), None, None) => Ok(Self::Whole(whole)),
            // The whole file's backbone replaces one named on its own.
            (Some(whole), _, Some(mimi)) => Ok(Self::WholeWithMimi { whole, mimi }),
            (None, Some(flow_lm), Some(mimi)) => Ok(Self::Parts { flow_lm, mimi }),
        }
    }
}

struct Source<'a> {
    hub: &'a Hub,
    progress: &'a dyn Progress,
}

impl Source<'_> {
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
            key: WHOLE,
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
            // Without a network the other file can only come from the cache.
            Fetched {
                location: open.to_owned(),
                path,
            }
        } else {
            return Err(failed(refusal));
        };
        tracing::debug!("{OPEN} stands in for {WHOLE}: {refusal}");
        *fallback = Some(refusal);
        Ok(fetched)
    }
}
