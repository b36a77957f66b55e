//! Reading voice files, of both forms.

use bundle::{Component, Dim, State};
use filetype::{Expected, foreign, safetensors_header};
use half::{bf16, f16};
use safetensors::tensor::TensorView as FileTensor;
use safetensors::{Dtype, SafeTensors};
use tensor::Tensor;

use super::{Voice, VoiceFileError};

impl Voice {
    /// Reads a voice file for `component`, the bundle's `flow_lm`. Unused rows are dropped.
    pub fn from_safetensors(file: &[u8], component: &Component) -> Result<Self, VoiceFileError> {
        let file = open(file)?;
        let mut position: Option<usize> = None;
        let mut states = Vec::new();
        for state in &component.states {
            let cache = cache(&file, component, state)?;
            let rows = used_rows(&file, state, cache.shape()[2])?;
            match position {
                Some(other) if other != rows.count => {
                    return Err(VoiceFileError::Layers {
                        tensor: rows.tensor,
                        offset: rows.count,
                        other,
                    });
                }
                _ => position = Some(rows.count),
            }
            states.push(read_rows(&cache, state, rows.count)?);
        }
        if let Some(tensor) = file
            .names()
            .into_iter()
            .find(|name| !has_place(component, name))
        {
            return Err(VoiceFileError::Extra {
                tensor: tensor.to_owned(),
            });
        }
        match position {
            None | Some(0) => Err(VoiceFileError::Empty),
            Some(position) => Ok(Self {
                component: component.clone(),
                states,
                position,
            }),
        }
    }
}

/// The tensors of a voice file.
pub(super) fn open(file: &[u8]) -> Result<SafeTensors<'_>, VoiceFileError> {
    if let Err(error) = safetensors_header(file) {
        return Err(match foreign(file, Expected::Voice) {
            Some(foreign) => VoiceFileError::Foreign(foreign),
            None => VoiceFileError::Header(error),
        });
    }
    Ok(SafeTensors::deserialize(file)?)
}

/// Whether a tensor belongs to one of the component's modules.
fn has_place(component: &Component, name: &str) -> bool {
    let Some((module, key)) = name.rsplit_once('/') else {
        return false;
    };
    (component.states.iter()).any(|state| {
        state.module == module
            && (state.key == key || ["offset", "current_end", "pad"].contains(&key))
    })
}

/// The number of rows in use in a module's cache, and the tensor that says so.
struct UsedRows {
    tensor: String,
    count: usize,
}

/// `rows` is the number of rows in the cache.
fn used_rows(
    file: &SafeTensors<'_>,
    state: &State,
    rows: usize,
) -> Result<UsedRows, VoiceFileError> {
    let module = &state.module;
    if let Some(pad) = integer(file, &format!("{module}/pad"))?
        && pad != 0
    {
        return Err(VoiceFileError::Padded {
            tensor: format!("{module}/pad"),
        });
    }
    let tensor = format!("{module}/offset");
    let (tensor, offset) = if let Some(offset) = integer(file, &tensor)? {
        (tensor, offset)
    } else {
        let older = format!("{module}/current_end");
        let Ok(current_end) = file.tensor(&older) else {
            return Err(VoiceFileError::Missing { tensor });
        };
        let length = current_end.shape().first().copied().unwrap_or(0);
        (older, length as i64)
    };
    match usize::try_from(offset).ok().filter(|&count| count <= rows) {
        Some(count) => Ok(UsedRows { tensor, count }),
        None => Err(VoiceFileError::Offset {
            tensor,
            offset,
            rows,
        }),
    }
}

/// The single 64-bit integer of a tensor, if the tensor is there.
fn integer(file: &SafeTensors<'_>, name: &str) -> Result<Option<i64>, VoiceFileError> {
    let Ok(tensor) = file.tensor(name) else {
        return Ok(None);
    };
    if tensor.dtype() != Dtype::I64 {
        return Err(dtype(name, &tensor, "i64"));
    }
    let value = <[u8; 8]>::try_from(tensor.data()).map_err(|_| VoiceFileError::Shape {
        tensor: name.to_owned(),
        actual: tensor.shape().to_vec(),
        expected: "[1]".to_owned(),
    })?;
    Ok(Some(i64::from_le_bytes(value)))
}

/// The tensor that contains a state, and those that upstream stacks with it: [stacked, batch, rows,
/// ...], with the model's shape, any number of rows, and a batch of one.
fn cache<'a>(
    file: &SafeTensors<'a>,
    component: &Component,
    state: &State,
) -> Result<FileTensor<'a>, VoiceFileError> {
    let name = format!("{}/{}", state.module, state.key);
    let Ok(tensor) = file.tensor(&name) else {
        return Err(VoiceFileError::Missing { tensor: name });
    };
    let stacked = (component.states.iter())
        .filter(|other| other.module == state.module && other.key == state.key)
        .count();
    let same = |(size, dim): (&usize, &Dim)| match dim {
        Dim::Fixed(expected) => size == expected,
        Dim::Symbol(_) => true,
    };
    if let [outer, 1, inner @ ..] = tensor.shape()
        && *outer == stacked
        && !inner.is_empty()
        && inner.len() == state.shape.len()
        && inner.iter().zip(&state.shape).all(same)
    {
        return Ok(tensor);
    }
    Err(VoiceFileError::Shape {
        actual: tensor.shape().to_vec(),
        expected: expected_shape(stacked, state),
        tensor: name,
    })
}

/// The first `count` rows of a state.
fn read_rows(
    cache: &FileTensor<'_>,
    state: &State,
    count: usize,
) -> Result<Tensor, VoiceFileError> {
    let name = format!("{}/{}", state.module, state.key);
    let mut shape = cache.shape()[2..].to_vec();
    let row: usize = shape.iter().skip(1).product();
    let first = state.index.unwrap_or(0) * shape[0] * row;
    let values = floats(&name, cache, first..first + count * row)?;
    if values.iter().any(|value| !value.is_finite()) {
        return Err(VoiceFileError::NotFinite { tensor: name });
    }
    shape[0] = count;
    Tensor::f32(shape, values).map_err(|_| VoiceFileError::Shape {
        actual: cache.shape().to_vec(),
        expected: format!("{count} rows"),
        tensor: name,
    })
}

fn expected_shape(stacked: usize, state: &State) -> String {
    let dims: Vec<_> = state.shape.iter().map(ToString::to_string).collect();
    format!("[{stacked}, 1, {}]", dims.join(", "))
}

/// Some values of a tensor of any floating-point type.
pub(super) fn floats(
    name: &str,
    tensor: &FileTensor<'_>,
    range: std::ops::Range<usize>,
) -> Result<Vec<f32>, VoiceFileError> {
    let data = tensor.data();
    let pairs = || data.chunks_exact(2).map(|pair| [pair[0], pair[1]]);
    let (start, count) = (range.start, range.len());
    Ok(match tensor.dtype() {
        Dtype::F32 => {
            let words = data
                .chunks_exact(4)
                .map(|word| [word[0], word[1], word[2], word[3]]);
            words
                .skip(start)
                .take(count)
                .map(f32::from_le_bytes)
                .collect()
        }
        Dtype::F16 => {
            let values = pairs().skip(start).take(count);
            values
                .map(|pair| f16::from_le_bytes(pair).to_f32())
                .collect()
        }
        Dtype::BF16 => {
            let values = pairs().skip(start).take(count);
            values
                .map(|pair| bf16::from_le_bytes(pair).to_f32())
                .collect()
        }
        _ => return Err(dtype(name, tensor, "f32, f16 or bf16")),
    })
}

fn dtype(name: &str, tensor: &FileTensor<'_>, expected: &'static str) -> VoiceFileError {
    VoiceFileError::DType {
        tensor: name.to_owned(),
        actual: format!("{:?}", tensor.dtype()).to_lowercase(),
        expected,
    }
}
