//! A tensor that owns its values.

use crate::{DType, TensorError, TensorView, ViewData};

/// Values of a [`Tensor`].
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Single precision numbers.
    F32(Vec<f32>),
    /// Integers.
    I64(Vec<i64>),
}

/// A tensor that owns its values. Sizes may be 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    pub(crate) shape: Vec<usize>,
    pub(crate) data: Data,
}

impl Tensor {
    /// `data` in the form of `shape`, whose product must be the number of values.
    pub fn new(shape: impl Into<Vec<usize>>, data: Data) -> Result<Self, TensorError> {
        let tensor = Self {
            shape: shape.into(),
            data,
        };
        check_length(&tensor.shape, tensor.view().data.len())?;
        Ok(tensor)
    }

    /// Single precision numbers in the form of `shape`.
    pub fn f32(shape: impl Into<Vec<usize>>, values: Vec<f32>) -> Result<Self, TensorError> {
        Self::new(shape, Data::F32(values))
    }

    /// Integers in the form of `shape`.
    pub fn i64(shape: impl Into<Vec<usize>>, values: Vec<i64>) -> Result<Self, TensorError> {
        Self::new(shape, Data::I64(values))
    }

    /// Zeros in the form of `shape`.
    pub fn zeros(dtype: DType, shape: impl Into<Vec<usize>>) -> Result<Self, TensorError> {
        let shape = shape.into();
        let data = length(&shape).and_then(|length| match dtype {
            DType::F32 => zeros(length).map(Data::F32),
            DType::I64 => zeros(length).map(Data::I64),
        });
        match data {
            Some(data) => Ok(Self { shape, data }),
            None => Err(TensorError::Memory { shape }),
        }
    }

    /// The same tensor, borrowed.
    pub fn view(&self) -> TensorView<'_> {
        TensorView {
            shape: &self.shape,
            data: match &self.data {
                Data::F32(values) => ViewData::F32(values),
                Data::I64(values) => ViewData::I64(values),
            },
        }
    }

    /// Sizes, outermost first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Number type.
    pub fn dtype(&self) -> DType {
        self.view().dtype()
    }

    /// The values, if they are single precision numbers.
    pub fn as_f32(&self) -> Option<&[f32]> {
        self.view().as_f32()
    }

    /// The values, if they are integers.
    pub fn as_i64(&self) -> Option<&[i64]> {
        self.view().as_i64()
    }

    /// The values, if they are single precision numbers.
    pub fn into_f32(self) -> Option<Vec<f32>> {
        match self.data {
            Data::F32(values) => Some(values),
            Data::I64(_) => None,
        }
    }

    /// Shape and values.
    pub fn into_parts(self) -> (Vec<usize>, Data) {
        (self.shape, self.data)
    }
}

/// Zeros, if there is memory for them.
fn zeros<T: Copy + Default>(length: usize) -> Option<Vec<T>> {
    let mut values = Vec::new();
    values.try_reserve_exact(length).ok()?;
    values.resize(length, T::default());
    Some(values)
}

/// Number of values of a shape, if it can be counted.
fn length(shape: &[usize]) -> Option<usize> {
    shape
        .iter()
        .try_fold(1_usize, |n, size| n.checked_mul(*size))
}

pub(crate) fn check_length(shape: &[usize], values: usize) -> Result<(), TensorError> {
    if length(shape) == Some(values) {
        return Ok(());
    }
    Err(TensorError::Length {
        shape: shape.to_vec(),
        values,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_must_be_the_product() {
        struct Case {
            shape: &'static [usize],
            values: usize,
            fits: bool,
        }
        let cases = [
            Case {
                shape: &[],
                values: 1,
                fits: true,
            },
            Case {
                shape: &[],
                values: 0,
                fits: false,
            },
            Case {
                shape: &[2, 3],
                values: 6,
                fits: true,
            },
            Case {
                shape: &[2, 3],
                values: 5,
                fits: false,
            },
            Case {
                shape: &[1, 0, 4],
                values: 0,
                fits: true,
            },
            Case {
                shape: &[1, 0, 4],
                values: 4,
                fits: false,
            },
            Case {
                shape: &[usize::MAX, 2],
                values: 2,
                fits: false,
            },
        ];
        let wrong: Vec<_> = cases
            .iter()
            .filter(|case| {
                let values = vec![0.0; case.values];
                let owned = Tensor::f32(case.shape, values.clone()).is_ok();
                let view = TensorView::f32(case.shape, &values).is_ok();
                owned != case.fits || view != case.fits
            })
            .map(|case| (case.shape, case.values))
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
        assert!(Tensor::zeros(DType::F32, [usize::MAX, 2]).is_err());
    }
}
