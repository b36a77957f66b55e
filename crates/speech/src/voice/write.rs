//! Writing voice files, of both forms.

use bundle::State;
use half::f16;
use safetensors::Dtype;
use safetensors::tensor::TensorView as FileTensor;

use super::{Voice, VoiceFileError};

/// The form of a voice file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoiceForm {
    /// With the tensors `offset` and `pad`, as pocket-tts writes them now.
    Current,
    /// With the tensor `current_end`, as pocket-tts wrote them before.
    Older,
}

/// Number type of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoiceDType {
    /// Single precision, as pocket-tts writes them.
    F32,
    /// Half precision: half the size, and no audible difference.
    F16,
}

impl Voice {
    /// The bytes of a voice file, which pocket-tts can load.
    pub fn to_safetensors(
        &self,
        form: VoiceForm,
        dtype: VoiceDType,
    ) -> Result<Vec<u8>, VoiceFileError> {
        let mut tensors: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
        for (i, state) in self.component.states.iter().enumerate() {
            let name = format!("{}/{}", state.module, state.key);
            if tensors.iter().any(|(other, ..)| *other == name) {
                continue;
            }
            let (shape, bytes) = self.stacked(i, state, dtype);
            let format = match dtype {
                VoiceDType::F32 => Dtype::F32,
                VoiceDType::F16 => Dtype::F16,
            };
            tensors.push((name, format, shape, bytes));
            let module = &state.module;
            match form {
                VoiceForm::Current => {
                    for (key, value) in [("offset", self.position as i64), ("pad", 0)] {
                        let bytes = value.to_le_bytes().to_vec();
                        tensors.push((format!("{module}/{key}"), Dtype::I64, vec![1], bytes));
                    }
                }
                VoiceForm::Older => {
                    let bytes = vec![0; self.position * 4];
                    let name = format!("{module}/current_end");
                    tensors.push((name, Dtype::F32, vec![self.position], bytes));
                }
            }
        }
        let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
            Ok((name, FileTensor::new(*dtype, shape.clone(), bytes)?))
        });
        let views = views.collect::<Result<Vec<_>, VoiceFileError>>()?;
        Ok(safetensors::serialize(views, None)?)
    }

    /// The tensor of state `first` and those that upstream stacks after it, each as a batch of one.
    fn stacked(&self, first: usize, state: &State, dtype: VoiceDType) -> (Vec<usize>, Vec<u8>) {
        let mut parts: Vec<_> = (self.component.states.iter().zip(&self.states).skip(first))
            .filter(|(other, _)| other.module == state.module && other.key == state.key)
            .collect();
        parts.sort_by_key(|(state, _)| state.index);
        let mut shape = vec![parts.len(), 1];
        shape.extend(self.states[first].shape());
        let values = parts
            .iter()
            .flat_map(|(_, tensor)| tensor.as_f32().unwrap_or_default());
        let bytes = match dtype {
            VoiceDType::F32 => values.flat_map(|value| value.to_le_bytes()).collect(),
            VoiceDType::F16 => values
                .flat_map(|value| f16::from_f32(*value).to_le_bytes())
                .collect(),
        };
        (shape, bytes)
    }
}
