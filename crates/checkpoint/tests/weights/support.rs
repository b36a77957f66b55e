//! Safetensors files made by hand.

use std::error::Error;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use checkpoint::TensorReader;
use config::{Config, TensorSpec};

/// The small models of the fixtures.
pub(crate) const MODELS: [&str; 5] = [
    "tiny_2026-01",
    "tiny_2m",
    "tiny_drifting_french",
    "tiny_english",
    "tiny_flow_matching",
];

/// A tensor as a file stores it.
#[derive(Clone, Debug)]
pub(crate) struct Tensor {
    pub(crate) name: String,
    pub(crate) dtype: &'static str,
    pub(crate) shape: Vec<usize>,
    pub(crate) bytes: Vec<u8>,
}

impl Tensor {
    pub(crate) fn f32(name: &str, shape: &[usize], values: &[f32]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes());
        Self::new(name, "F32", shape, bytes.collect())
    }

    pub(crate) fn bf16(name: &str, shape: &[usize], values: &[f32]) -> Self {
        let bytes = values
            .iter()
            .flat_map(|&value| half::bf16::from_f32(value).to_le_bytes());
        Self::new(name, "BF16", shape, bytes.collect())
    }

    pub(crate) fn f16(name: &str, shape: &[usize], values: &[f32]) -> Self {
        let bytes = values
            .iter()
            .flat_map(|&value| half::f16::from_f32(value).to_le_bytes());
        Self::new(name, "F16", shape, bytes.collect())
    }

    pub(crate) fn new(name: &str, dtype: &'static str, shape: &[usize], bytes: Vec<u8>) -> Self {
        Self {
            name: name.to_owned(),
            dtype,
            shape: shape.to_owned(),
            bytes,
        }
    }
}

/// A header as given, its length before it, the data behind it.
pub(crate) fn raw(header: &[u8], data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header, data].concat()
}

/// A sound file, its header padded with spaces to a multiple of `align` bytes.
pub(crate) fn file(tensors: &[Tensor], align: usize) -> Vec<u8> {
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

/// Writes a file into a folder.
pub(crate) fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

pub(crate) fn fixture_path(model: &str) -> PathBuf {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/checkpoints");
    [fixtures, model, "model.safetensors"].iter().collect()
}

/// The tensors of a fixture, read without the crate under test.
pub(crate) fn fixture(model: &str) -> Vec<Tensor> {
    stored(&fs::read(fixture_path(model)).unwrap())
}

/// The tensors of a safetensors file, read without the crate under test.
pub(crate) fn stored(bytes: &[u8]) -> Vec<Tensor> {
    let file = safetensors::SafeTensors::deserialize(bytes).unwrap();
    let mut tensors = file.tensors();
    tensors.sort_by_key(|(_, view)| view.data().as_ptr());
    let dtype = |view: &safetensors::tensor::TensorView<'_>| match view.dtype() {
        safetensors::Dtype::F32 => "F32",
        _ => "BF16",
    };
    tensors
        .into_iter()
        .map(|(name, view)| Tensor::new(&name, dtype(&view), view.shape(), view.data().to_owned()))
        .collect()
}

/// What trainers leave behind for the model `tiny_2m`.
pub(crate) fn training() -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/training"
    ))
}

/// The content of a compressed file.
pub(crate) fn gunzip(path: &Path) -> Vec<u8> {
    let mut content = Vec::new();
    let mut packed = flate2::read::GzDecoder::new(fs::File::open(path).unwrap());
    packed.read_to_end(&mut content).unwrap();
    content
}

/// The values of bf16 bytes, by the `half` crate.
pub(crate) fn widened(tensor: &Tensor) -> Vec<f32> {
    let values = tensor.bytes.as_chunks().0.iter();
    values
        .map(|&bytes| half::bf16::from_le_bytes(bytes).to_f32())
        .collect()
}

/// The table of a fixture's configuration.
pub(crate) fn table(model: &str) -> Vec<TensorSpec> {
    let configs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/configs");
    let text = fs::read_to_string(format!("{configs}/{model}.yaml")).unwrap();
    Config::from_yaml(&text).unwrap().tensors()
}

/// A table of the tensors as they are.
pub(crate) fn specs(tensors: &[Tensor]) -> Vec<TensorSpec> {
    tensors
        .iter()
        .map(|tensor| TensorSpec {
            key: tensor.name.clone(),
            shape: tensor.shape.clone(),
        })
        .collect()
}

/// Reads to the end, `block` values at a time.
pub(crate) fn read_all(
    reader: &mut dyn TensorReader,
    block: usize,
) -> Result<Vec<f32>, checkpoint::WeightsError> {
    let mut values = Vec::new();
    let mut buffer = vec![f32::NAN; block];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(values),
            count => values.extend_from_slice(&buffer[..count]),
        }
    }
}

/// An error and its causes, on one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Bit patterns: equal values that are also the same zero.
pub(crate) fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}
