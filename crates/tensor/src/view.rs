//! A tensor that is borrowed.

use crate::tensor::check_length;
use crate::{DType, Data, Tensor, TensorError};

/// Values of a [`TensorView`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ViewData<'a> {
    /// Single precision numbers.
    F32(&'a [f32]),
    /// Integers.
    I64(&'a [i64]),
}

impl ViewData<'_> {
    pub(crate) fn len(self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::I64(values) => values.len(),
        }
    }
}

/// A tensor whose shape and values are someone else's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TensorView<'a> {
    pub(crate) shape: &'a [usize],
    pub(crate) data: ViewData<'a>,
}

impl<'a> TensorView<'a> {
    /// `data` in the form of `shape`, whose product must be the number of values.
    pub fn new(shape: &'a [usize], data: ViewData<'a>) -> Result<Self, TensorError> {
        check_length(shape, data.len())?;
        Ok(Self { shape, data })
    }

    /// Single precision numbers in the form of `shape`.
    pub fn f32(shape: &'a [usize], values: &'a [f32]) -> Result<Self, TensorError> {
        Self::new(shape, ViewData::F32(values))
    }

    /// Integers in the form of `shape`.
    pub fn i64(shape: &'a [usize], values: &'a [i64]) -> Result<Self, TensorError> {
        Self::new(shape, ViewData::I64(values))
    }

    /// Sizes, outermost first.
    pub fn shape(&self) -> &'a [usize] {
        self.shape
    }

    /// The values.
    pub fn data(&self) -> ViewData<'a> {
        self.data
    }

    /// Number type.
    pub fn dtype(&self) -> DType {
        match self.data {
            ViewData::F32(_) => DType::F32,
            ViewData::I64(_) => DType::I64,
        }
    }

    /// The values, if they are single precision numbers.
    pub fn as_f32(&self) -> Option<&'a [f32]> {
        match self.data {
            ViewData::F32(values) => Some(values),
            ViewData::I64(_) => None,
        }
    }

    /// The values, if they are integers.
    pub fn as_i64(&self) -> Option<&'a [i64]> {
        match self.data {
            ViewData::I64(values) => Some(values),
            ViewData::F32(_) => None,
        }
    }

    /// A copy that owns its values.
    pub fn to_tensor(&self) -> Tensor {
        Tensor {
            shape: self.shape.to_vec(),
            data: match self.data {
                ViewData::F32(values) => Data::F32(values.to_vec()),
                ViewData::I64(values) => Data::I64(values.to_vec()),
            },
        }
    }
}
