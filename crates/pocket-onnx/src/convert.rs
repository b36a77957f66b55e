//! From checkpoints to bundles.

mod earlier;
mod import;
mod model;
mod problem;
mod source;
mod unpacked;
mod voices;

use std::panic;
use std::path::Path;
use std::thread;

use bundle::{ComponentName, Manifest, WeightsId};
use config::{Config, Variant, WordHead};
use export::{Export, Staging};

pub use bundle::WeightFormat;
pub use export::{ComponentFormats, GraphFormats};
pub use onnx::Opset;

use self::earlier::{Earlier, Successor};
pub use self::import::{Imported, import};
use self::model::SourceModel;
pub use self::problem::ConversionProblem;
pub use self::source::ModelSource;
use self::unpacked::Unpacked;
use self::voices::BundleVoices;
use crate::error::About;
use crate::observer::{Silent, Watched};
use crate::scratch::ScratchFolder;
use crate::{Observer, Result};

/// Folder of the temporary bundle with the encoder, in which voices are made.
const SHARED_BUNDLE: &str = "whole";

/// Makes a bundle from a model's checkpoint.
///
/// ```
/// use pocket_onnx::Tts;
/// use pocket_onnx::convert::{Conversion, ModelSource};
///
/// # fn main() -> pocket_onnx::Result<()> {
/// # let dir = tempfile::tempdir()?;
/// # let folder = dir.path().join("starling");
/// // `english` downloads Kyutai's model from the hub.
/// let manifest = Conversion::new(ModelSource::variant("starling"))
///     .voices(["robin"])
///     .write(&folder)?;
/// assert_eq!(manifest.voices[0].name, "robin");
///
/// let tts = Tts::open(&folder)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is written before `write`"]
pub struct Conversion {
    source: ModelSource,
    opset: Opset,
    components: Vec<ComponentName>,
    formats: ComponentFormats,
    voices: Vec<String>,
    word_heads: Vec<WordHead>,
    word_times: bool,
}

impl Conversion {
    /// A conversion of this model with the usual formats, operator set 17 and all components.
    pub fn new(source: ModelSource) -> Self {
        Self {
            source,
            opset: Opset::MIN,
            components: Vec::new(),
            formats: ComponentFormats::default(),
            voices: Vec::new(),
            word_heads: Vec::new(),
            word_times: false,
        }
    }

    /// The operator set of the graphs.
    pub fn opset(mut self, opset: Opset) -> Self {
        self.opset = opset;
        self
    }

    /// The graphs to write; all unless any are named.
    pub fn components(mut self, components: impl IntoIterator<Item = ComponentName>) -> Self {
        self.components = components.into_iter().collect();
        self
    }

    /// How weights are stored.
    pub fn formats(mut self, formats: ComponentFormats) -> Self {
        self.formats = formats;
        self
    }

    /// Voices for the bundle: names of predefined ones, voice files, recordings, or `NAME=FILE`;
    /// `default` is the language's own voice, `all` are all predefined ones. starling gets all of its
    /// voices unless some are named.
    pub fn voices<T: Into<String>>(mut self, voices: impl IntoIterator<Item = T>) -> Self {
        self.voices = voices.into_iter().map(Into::into).collect();
        self
    }

    /// Attention heads that show which word is being spoken, if the model's are not known.
    pub fn word_heads(mut self, heads: impl IntoIterator<Item = WordHead>) -> Self {
        self.word_heads = heads.into_iter().collect();
        self
    }

    /// Whether `flow_lm` has an output with the attention of these heads, for other runtimes.
    pub fn word_times(mut self, word_times: bool) -> Self {
        self.word_times = word_times;
        self
    }

    /// Writes the bundle into a folder, and replaces the one in it when the new one is complete.
    /// Voices that were added to the old one are kept if they were made with the same weight files.
    pub fn write(&self, output: impl AsRef<Path>) -> Result<Manifest> {
        self.write_watched(output, &Silent)
    }

    /// [`Conversion::write`], watched.
    pub fn write_watched(
        &self,
        output: impl AsRef<Path>,
        observer: &dyn Observer,
    ) -> Result<Manifest> {
        self.write_to(output.as_ref(), observer)
    }

    fn write_to(&self, output: &Path, observer: &dyn Observer) -> Result<Manifest> {
        // Nothing is downloaded if the conversion would be refused.
        Staging::check(output)?;
        let watched = Watched(observer);
        let mut model = SourceModel::open(&self.source, &watched)?;
        self.set_heads(&mut model.config, model.identity.variant.as_deref())?;
        for notice in &model.notices {
            observer.notice(notice);
        }
        let components = self.chosen(model.identity.voice_cloning)?;
        let export = Export {
            config: &model.config,
            weights: model.weights.as_ref(),
            tokenizer: &model.tokenizer,
            components: &components,
            opset: self.opset,
            attention: self.word_times,
            formats: self.formats.clone(),
            identity: model.identity,
        };
        let variant = export.identity.variant.as_deref();
        let synthetic = export.identity.synthetic;
        let named = self.named_voices(variant, synthetic, &components);
        let mut voices = BundleVoices::find(&named, variant, synthetic, &components, observer)?;
        // Digests tell whether a voice was made by these weights.
        let earlier = Earlier::read(output);
        let described = (earlier.as_ref())
            .map(|_| model.files.describe())
            .transpose()?;
        if let (Some(earlier), Some(source)) = (&earlier, &described) {
            let successor = Successor {
                weights: &WeightsId::new(variant, synthetic, source),
                components: &components,
                named: &voices.names(),
            };
            earlier.announce(&successor, observer);
        }
        let whole = if voices.need_encoder() && !components.contains(&ComponentName::MimiEncoder) {
            Some(self.whole(named)?)
        } else {
            None
        };
        if let Some(whole) = &whole {
            voices.take_from(&whole.path().join(SHARED_BUNDLE));
        }
        observer.begins_to_write();
        // Unless an earlier bundle needed them before, the digests of the files are computed while the
        // bundle is written.
        thread::scope(|scope| {
            let source = scope.spawn(|| match described {
                Some(source) => Ok(source),
                None => model.files.describe(),
            });
            let complete = |dir: &Path, manifest: &mut Manifest| {
                let source = source.join();
                manifest.source = source.unwrap_or_else(|panic| panic::resume_unwind(panic))?;
                // Another voice may have been imported meanwhile; from now on none can be.
                let earlier = Earlier::read(output);
                Ok(voices.add(dir, manifest, earlier.as_ref(), observer)?)
            };
            Ok(export.write_with(output, &watched, complete)?)
        })
    }

    /// Puts the heads that tell the times of words into the configuration, where the variant alone
    /// does not say them.
    fn set_heads(&self, config: &mut Config, variant: Option<&str>) -> Result<()> {
        if !self.word_heads.is_empty() {
            config.timestamp_heads = Some(self.word_heads.clone());
            config.validate().about(|| "--word-heads".to_owned())?;
        } else if self.word_times && config.timestamp_heads.is_none() {
            let variant = variant.and_then(|name| Variant::find(name).ok());
            let heads = variant.map_or(&[][..], Variant::word_heads);
            if heads.is_empty() {
                return Err(ConversionProblem::NoWordHeads.into());
            }
            config.timestamp_heads = Some(heads.to_vec());
        }
        Ok(())
    }

    /// The requested voices; by default the included model gets its own.
    fn named_voices(
        &self,
        variant: Option<&str>,
        synthetic: Option<u64>,
        components: &[ComponentName],
    ) -> Vec<String> {
        if self.voices.is_empty()
            && variant == Some(Variant::INCLUDED)
            && synthetic.is_none()
            && components.contains(&ComponentName::FlowLm)
        {
            return vec!["all".to_owned()];
        }
        self.voices.clone()
    }

    /// The same bundle with the encoder, which is needed to make voices from recordings.
    fn whole(&self, voices: Vec<String>) -> Result<ScratchFolder> {
        let scratch = ScratchFolder::new()?;
        let conversion = Self {
            components: Vec::new(),
            voices,
            ..self.clone()
        };
        conversion.write(scratch.path().join(SHARED_BUNDLE))?;
        Ok(scratch)
    }

    /// The graphs to write, in the order of use.
    fn chosen(&self, voice_cloning: bool) -> Result<Vec<ComponentName>> {
        let asked =
            |name: &ComponentName| self.components.is_empty() || self.components.contains(name);
        let mut components: Vec<_> = ComponentName::ALL.into_iter().filter(asked).collect();
        if !voice_cloning {
            if self.components.contains(&ComponentName::MimiEncoder) {
                return Err(ConversionProblem::NoEncoder.into());
            }
            components.retain(|&name| name != ComponentName::MimiEncoder);
        }
        Ok(components)
    }
}
