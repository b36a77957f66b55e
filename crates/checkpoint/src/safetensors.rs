//! Safetensors files: memory-mapped, checked as a whole before anything is used.

use std::borrow::Cow;
use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use filetype::{Expected, FileType, Foreign};
use memmap2::Mmap;
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};

use crate::{TensorReader, WeightsError};

mod float;
mod header;

pub(crate) use float::{Float, round_to_bf16};

/// One safetensors file, mapped into memory: its pages belong to the file and use no memory of the
/// process.
#[derive(Debug)]
pub struct SafetensorsFile {
    path: PathBuf,
    map: Mmap,
    metadata: Metadata,
    names: Vec<String>,
}

/// The bytes of one tensor whose format can be widened to `f32`: mapped, or read into memory.
pub(crate) struct FloatTensor<'a> {
    pub(crate) path: &'a Path,
    pub(crate) name: &'a str,
    pub(crate) shape: &'a [usize],
    pub(crate) format: Float,
    pub(crate) bytes: Cow<'a, [u8]>,
}

/// Reads one tensor of a [`SafetensorsFile`] from front to back.
#[derive(Debug)]
pub struct SafetensorsReader<'a> {
    tensor: FloatTensor<'a>,
    at: usize,
}

impl SafetensorsFile {
    /// Maps the file and checks its header: length, names, shapes and offsets.
    ///
    /// The file must not be truncated while this value lives: reading a missing page ends the
    /// process.
    pub fn open(path: &Path) -> Result<Self, WeightsError> {
        let io = |source| WeightsError::Io {
            path: path.to_owned(),
            source,
        };
        // Checked before opening: opening a pipe would wait for its writer.
        let status = fs::metadata(path).map_err(io)?;
        let special = match FileType::of_metadata(&status) {
            None if status.len() == 0 => Some(FileType::Empty),
            special => special,
        };
        if let Some(foreign) = special.and_then(|it| Foreign::of(it, Expected::Weights)) {
            return Err(WeightsError::Foreign {
                path: path.to_owned(),
                foreign,
            });
        }
        let file = File::open(path).map_err(io)?;
        // SAFETY: the map is private to this value and read-only; a checkpoint is
        // written once, under another name, and not changed while it is in use.
        #[allow(unsafe_code, reason = "a file can be mapped in no other way")]
        let map = unsafe { Mmap::map(&file) }.map_err(io)?;
        let metadata = header::read(path, &map)?;
        // Tensors are read from front to back. A system that ignores this hint is only slower.
        #[cfg(unix)]
        let _ = map.advise(memmap2::Advice::Sequential);
        Ok(Self {
            path: path.to_owned(),
            names: metadata.offset_keys(),
            map,
            metadata,
        })
    }

    /// Path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The tensors' names, in the order of their data.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The shape of a tensor; `None` when the file has no such tensor.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.metadata.info(name).map(|info| info.shape.as_slice())
    }

    /// How a tensor is stored; `None` when the file has no such tensor.
    pub fn dtype(&self, name: &str) -> Option<Dtype> {
        self.metadata.info(name).map(|info| info.dtype)
    }

    /// Starts to read a tensor.
    ///
    /// # Errors
    ///
    /// [`WeightsError::UnknownTensor`], and [`WeightsError::Dtype`] where it is not
    /// stored as F32, F16 or BF16.
    pub fn reader<'a>(&'a self, name: &'a str) -> Result<SafetensorsReader<'a>, WeightsError> {
        Ok(self.tensor(name)?.reader())
    }

    pub(crate) fn tensor<'a>(&'a self, name: &'a str) -> Result<FloatTensor<'a>, WeightsError> {
        let unknown = || WeightsError::UnknownTensor {
            key: name.to_owned(),
        };
        let info = self.metadata.info(name).ok_or_else(unknown)?;
        let format = Float::of(info.dtype).ok_or_else(|| WeightsError::Dtype {
            path: self.path.clone(),
            key: name.to_owned(),
            dtype: info.dtype.to_string(),
        })?;
        Ok(FloatTensor {
            path: &self.path,
            name,
            shape: &info.shape,
            format,
            bytes: Cow::Borrowed(self.bytes(info).ok_or_else(unknown)?),
        })
    }

    /// How a tensor's values are stored.
    pub(crate) fn format(&self, name: &str) -> Result<Float, WeightsError> {
        Ok(self.tensor(name)?.format)
    }

    fn bytes(&self, info: &TensorInfo) -> Option<&[u8]> {
        let data = self.map.len() - self.metadata.data_len();
        self.map
            .get(data + info.data_offsets.0..data + info.data_offsets.1)
    }
}

impl<'a> FloatTensor<'a> {
    /// Values in the tensor.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() / self.format.size()
    }

    pub(crate) fn reader(self) -> SafetensorsReader<'a> {
        SafetensorsReader {
            tensor: self,
            at: 0,
        }
    }

    /// Widens the values from index `at` on until `out` is full.
    /// `at + out.len()` must not exceed the tensor.
    pub(crate) fn widen(&self, at: usize, out: &mut [f32]) -> Result<(), WeightsError> {
        let size = self.format.size();
        let bytes = &self.bytes[at * size..(at + out.len()) * size];
        if self.format.widen(bytes, out) {
            return Ok(());
        }
        Err(self.not_finite(at + self.format.first_not_finite(bytes)))
    }

    pub(crate) fn not_finite(&self, index: usize) -> WeightsError {
        WeightsError::NotFinite {
            path: self.path.to_owned(),
            key: self.name.to_owned(),
            index,
        }
    }
}

impl fmt::Debug for FloatTensor<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            shape,
            format,
            ..
        } = self;
        write!(out, "`{name}` {shape:?} {format:?}")
    }
}

impl TensorReader for SafetensorsReader<'_> {
    fn read(&mut self, out: &mut [f32]) -> Result<usize, WeightsError> {
        let count = out.len().min(self.tensor.len() - self.at);
        self.tensor.widen(self.at, &mut out[..count])?;
        self.at += count;
        Ok(count)
    }
}
