//! Voice files that contain a voice prompt instead of the state after it: those of January 2026
//! (`audio_prompt`), and those of xn (`emb`, `speaker_wavs`). One call of `flow_lm` makes a voice
//! from them.

use bundle::{ComponentName, Manifest, Parameter, ParameterKind};
use safetensors::SafeTensors;
use tensor::Tensor;
use weights::Matrix;

use super::VoiceFileError;
use super::read::floats;
use crate::{Cloning, LONGEST_PROMPT, SpeechError, SpeechModel};

/// Possible names of the tensor in such a file.
const PROMPT_TENSORS: [(&str, AxisOrder); 3] = [
    ("audio_prompt", AxisOrder::Rows),
    ("emb", AxisOrder::Rows),
    ("speaker_wavs", AxisOrder::Columns),
];

/// Order of the tensor's axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AxisOrder {
    /// [T, width] or [1, T, width]
    Rows,
    /// [width, T] or [1, width, T]
    Columns,
}

/// A voice prompt from a file.
pub struct StoredPrompt {
    model: SpeechModel,
    /// Name of its tensor.
    tensor: &'static str,
    /// [frames, width]
    values: Vec<f32>,
    /// Whether the speaker projection must still be applied, because these are the encoder's
    /// latents.
    latents: bool,
    truncated: bool,
}

impl StoredPrompt {
    /// Whether a file contains a prompt. False for anything but a safetensors file.
    pub fn is_in(file: &[u8]) -> bool {
        SafeTensors::deserialize(file).is_ok_and(|file| named(&file).is_some())
    }

    /// The prompt in a file; `None` if it contains none.
    ///
    /// # Errors
    ///
    /// [`VoiceFileError`] if the prompt does not have the model's width, or is not finite.
    pub(crate) fn read(model: &SpeechModel, file: &[u8]) -> Result<Option<Self>, VoiceFileError> {
        let file = super::read::open(file)?;
        let Some((tensor, layout)) = named(&file) else {
            return Ok(None);
        };
        let view = file.tensor(tensor)?;
        let config = model.manifest().config();
        let (width, inner) = (config.flow_lm.transformer.d_model, config.mimi.inner_dim());
        let refused = || VoiceFileError::Shape {
            tensor: tensor.to_owned(),
            actual: view.shape().to_vec(),
            expected: match layout {
                AxisOrder::Rows => format!("[1, frames, {width}]"),
                AxisOrder::Columns => format!("[1, {inner}, frames]"),
            },
        };
        let (&[rows, columns] | &[1, rows, columns]) = view.shape() else {
            return Err(refused());
        };
        let (frames, stored, latents) = match layout {
            AxisOrder::Rows if columns == width => (rows, width, false),
            AxisOrder::Rows if columns == inner => (rows, inner, true),
            AxisOrder::Columns if rows == inner => (columns, inner, true),
            AxisOrder::Rows | AxisOrder::Columns => return Err(refused()),
        };
        if frames == 0 {
            return Err(VoiceFileError::Empty);
        }
        let read = floats(tensor, &view, 0..frames * stored)?;
        if read.iter().any(|value| !value.is_finite()) {
            return Err(VoiceFileError::NotFinite {
                tensor: tensor.to_owned(),
            });
        }
        let longest = (f64::from(LONGEST_PROMPT) * config.mimi.frame_rate) as usize;
        let used = frames.min(longest);
        let values = match layout {
            AxisOrder::Rows => read[..used * stored].to_vec(),
            AxisOrder::Columns => (0..used)
                .flat_map(|frame| read.iter().skip(frame).step_by(frames))
                .copied()
                .collect(),
        };
        Ok(Some(Self {
            model: model.clone(),
            tensor,
            values,
            latents,
            truncated: used < frames,
        }))
    }

    /// Whether [`StoredPrompt::prompt`] needs the weights of `mimi_encoder`: for the speaker
    /// projection, or for the row before the voice.
    pub fn needs_encoder(&self) -> bool {
        let flow_lm = &self.model.manifest().model.flow_lm;
        self.latents || flow_lm.insert_bos_before_voice
    }

    /// Starts to make a voice. `encoder` is the data file of `mimi_encoder`.
    pub fn prompt(self, encoder: Option<&[u8]>) -> Result<Cloning, SpeechError> {
        let needs_encoder = self.needs_encoder();
        let flow_lm = &self.model.manifest().model.flow_lm;
        let width = flow_lm.transformer.d_model;
        let mut rows = Vec::new();
        let mut values = self.values;
        if needs_encoder {
            let missing = || VoiceFileError::NeedsEncoder {
                tensor: self.tensor.to_owned(),
            };
            let weights = EncoderWeights::new(self.model.manifest(), encoder.ok_or_else(missing)?);
            let weights = weights.ok_or_else(missing)?;
            if flow_lm.insert_bos_before_voice {
                let row = weights.vector("flow_lm.bos_before_voice");
                rows.extend(row.filter(|row| row.len() == width).ok_or_else(missing)?);
            }
            if self.latents {
                let projection = weights.matrix("flow_lm.speaker_proj_weight");
                let (inputs, weight) = projection.ok_or_else(missing)?;
                values = project(&values, inputs, &weight, width);
            }
        }
        rows.extend(values);
        let rows = Tensor::f32([1, rows.len() / width, width], rows)?;
        Ok(Cloning::stored(&self.model, rows, self.truncated))
    }
}

/// The tensor of a prompt, if a file has one.
fn named(file: &SafeTensors<'_>) -> Option<(&'static str, AxisOrder)> {
    PROMPT_TENSORS
        .into_iter()
        .find(|(name, _)| file.tensor(name).is_ok())
}

/// `latents` [frames, inputs] times `weight` [inputs, width].
fn project(latents: &[f32], inputs: usize, weight: &[f32], width: usize) -> Vec<f32> {
    let mut rows = Vec::with_capacity(latents.len() / inputs.max(1) * width);
    for latent in latents.chunks_exact(inputs.max(1)) {
        let mut row = vec![0.0; width];
        for (value, weights) in latent.iter().zip(weight.chunks_exact(width)) {
            for (sum, weight) in row.iter_mut().zip(weights) {
                *sum += value * weight;
            }
        }
        rows.extend(row);
    }
    rows
}

/// The weights of `mimi_encoder`.
struct EncoderWeights<'a> {
    parameters: &'a [Parameter],
    data: &'a [u8],
}

impl<'a> EncoderWeights<'a> {
    fn new(manifest: &'a Manifest, data: &'a [u8]) -> Option<Self> {
        let component = manifest.components.get(&ComponentName::MimiEncoder)?;
        Some(Self {
            parameters: &component.parameters,
            data,
        })
    }

    fn find(&self, name: &str, kind: ParameterKind) -> Option<&Parameter> {
        let found = self.parameters.iter().find(|it| it.name == name);
        found.filter(|parameter| parameter.kind == kind)
    }

    fn bytes(&self, extent: bundle::Extent) -> Option<&[u8]> {
        let start = usize::try_from(extent.offset).ok()?;
        let end = start.checked_add(usize::try_from(extent.size).ok()?)?;
        self.data.get(start..end)
    }

    /// A vector, which is always f32.
    fn vector(&self, name: &str) -> Option<Vec<f32>> {
        let parameter = self.find(name, ParameterKind::Vector)?;
        let bytes = self.bytes(parameter.values)?.as_chunks().0;
        Some(bytes.iter().map(|it| f32::from_le_bytes(*it)).collect())
    }

    /// The inputs of a matrix, and its values [inputs, outputs].
    fn matrix(&self, name: &str) -> Option<(usize, Vec<f32>)> {
        let parameter = self.find(name, ParameterKind::Matrix)?;
        let &[inputs, outputs] = parameter.shape.as_slice() else {
            return None;
        };
        let matrix = Matrix {
            format: parameter.format,
            inputs,
            outputs,
        };
        let values = self.bytes(parameter.values)?;
        let scales = match parameter.scales {
            Some(extent) => self.bytes(extent)?,
            None => &[],
        };
        let whole = values.len() == matrix.bytes() && scales.len() == matrix.scale_bytes();
        whole.then(|| (inputs, matrix.unpack(values, scales)))
    }
}
