//! Safetensors files made by hand, read and written without the crates under test.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test fails where its input is wrong"
)]

use std::fs;
use std::io::Read as _;
use std::path::Path;

use checkpoint::{TensorReader, WeightsError};

/// A tensor as a file stores it.
#[derive(Clone, Debug)]
pub struct StoredTensor {
    /// Its name.
    pub name: String,
    /// As the format calls it: `F32`, `BF16`, ...
    pub dtype: &'static str,
    /// Sizes, outermost first.
    pub shape: Vec<usize>,
    /// Values in row-major order, little-endian.
    pub bytes: Vec<u8>,
}

impl StoredTensor {
    /// A tensor of 32-bit floats.
    pub fn f32(name: &str, shape: &[usize], values: &[f32]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes());
        Self::new(name, "F32", shape, bytes.collect())
    }

    /// A tensor of bfloat16, to which `values` are rounded.
    pub fn bf16(name: &str, shape: &[usize], values: &[f32]) -> Self {
        let bytes = values
            .iter()
            .flat_map(|&value| half::bf16::from_f32(value).to_le_bytes());
        Self::new(name, "BF16", shape, bytes.collect())
    }

    /// A tensor of 16-bit floats, to which `values` are rounded.
    pub fn f16(name: &str, shape: &[usize], values: &[f32]) -> Self {
        let bytes = values
            .iter()
            .flat_map(|&value| half::f16::from_f32(value).to_le_bytes());
        Self::new(name, "F16", shape, bytes.collect())
    }

    /// A tensor of bytes as they are.
    pub fn new(name: &str, dtype: &'static str, shape: &[usize], bytes: Vec<u8>) -> Self {
        Self {
            name: name.to_owned(),
            dtype,
            shape: shape.to_owned(),
            bytes,
        }
    }
}

/// A header as given, its length before it, the data behind it.
pub fn raw(header: &[u8], data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header, data].concat()
}

/// A sound file, its header padded with spaces to a multiple of `align` bytes.
pub fn file(tensors: &[StoredTensor], align: usize) -> Vec<u8> {
    let mut entries = Vec::new();
    let mut data = Vec::new();
    for tensor in tensors {
        let start = data.len();
        data.extend_from_slice(&tensor.bytes);
        entries.push(format!(
            r#""{}":{{"dtype":"{}","shape":{:?},"data_offsets":[{start},{}]}}"#,
            tensor.name,
            tensor.dtype,
            tensor.shape,
            data.len()
        ));
    }
    let mut header = format!("{{{}}}", entries.join(","));
    while !header.len().is_multiple_of(align) {
        header.push(' ');
    }
    raw(header.as_bytes(), &data)
}

/// The tensors of a fixture, read without the crate under test.
pub fn fixture(model: &str) -> Vec<StoredTensor> {
    stored(&fs::read(crate::checkpoint(model)).unwrap())
}

/// The tensors of a safetensors file, read without the crate under test.
pub fn stored(bytes: &[u8]) -> Vec<StoredTensor> {
    let file = safetensors::SafeTensors::deserialize(bytes).unwrap();
    let mut tensors = file.tensors();
    tensors.sort_by_key(|(_, view)| view.data().as_ptr());
    let dtype = |view: &safetensors::tensor::TensorView<'_>| match view.dtype() {
        safetensors::Dtype::F32 => "F32",
        _ => "BF16",
    };
    tensors
        .into_iter()
        .map(|(name, view)| {
            StoredTensor::new(&name, dtype(&view), view.shape(), view.data().to_owned())
        })
        .collect()
}

/// The content of a compressed file.
pub fn gunzip(path: &Path) -> Vec<u8> {
    let mut content = Vec::new();
    let mut packed = flate2::read::GzDecoder::new(fs::File::open(path).unwrap());
    packed.read_to_end(&mut content).unwrap();
    content
}

/// The values of bf16 bytes, by the `half` crate.
pub fn widened(tensor: &StoredTensor) -> Vec<f32> {
    let values = tensor.bytes.as_chunks().0.iter();
    values
        .map(|&bytes| half::bf16::from_le_bytes(bytes).to_f32())
        .collect()
}

/// Reads to the end, `block` values at a time.
pub fn read_all(reader: &mut dyn TensorReader, block: usize) -> Result<Vec<f32>, WeightsError> {
    let mut values = Vec::new();
    let mut buffer = vec![f32::NAN; block];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(values),
            count => values.extend_from_slice(&buffer[..count]),
        }
    }
}
