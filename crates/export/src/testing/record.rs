//! Records of what pocket-tts computes.

use safetensors::{Dtype, SafeTensors};

use super::fixtures;

/// One file of records.
pub(crate) struct RecordFile(Vec<u8>);

impl RecordFile {
    /// The record `file` of the fixture `name`.
    pub(crate) fn open(name: &str, file: &str) -> Self {
        let path = fixtures().join(format!("records/{name}/{file}.safetensors"));
        Self(std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
    }

    /// Shape and numbers of the tensor `key`.
    pub(crate) fn f32s(&self, key: &str) -> (Vec<usize>, Vec<f32>) {
        self.values(key, Dtype::F32, f32::from_le_bytes)
    }

    /// Shape and integers of the tensor `key`.
    pub(crate) fn i64s(&self, key: &str) -> (Vec<usize>, Vec<i64>) {
        self.values(key, Dtype::I64, i64::from_le_bytes)
    }

    fn values<T, const N: usize>(
        &self,
        key: &str,
        dtype: Dtype,
        value: impl Fn([u8; N]) -> T,
    ) -> (Vec<usize>, Vec<T>) {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let tensor = file.tensor(key).unwrap_or_else(|e| panic!("{key}: {e}"));
        assert_eq!(tensor.dtype(), dtype, "{key}");
        let (chunks, _) = tensor.data().as_chunks::<N>();
        let values = chunks.iter().map(|bytes| value(*bytes)).collect();
        (tensor.shape().to_vec(), values)
    }
}

/// f32 as f64.
pub(crate) fn widened(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}
