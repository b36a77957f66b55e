//! Appending rows to rows, in place if possible.

use crate::{Data, Tensor, TensorError, TensorView, ViewData};

impl Tensor {
    /// Appends `rows` to this tensor along `axis`. Number type and all other sizes must be equal. If
    /// all sizes before `axis` are 1, only `rows` is copied, most of the time: the buffer grows by
    /// doubling.
    pub fn append(&mut self, axis: usize, rows: TensorView<'_>) -> Result<(), TensorError> {
        if !self.takes(axis, rows) {
            return Err(TensorError::Append {
                axis,
                shape: self.shape.clone(),
                rows: rows.shape().to_vec(),
            });
        }
        let inner: usize = self.shape[axis + 1..].iter().product();
        let (old, new) = (self.shape[axis] * inner, rows.shape()[axis] * inner);
        match (&mut self.data, rows.data()) {
            (Data::F32(values), ViewData::F32(rows)) => interleave(values, old, rows, new),
            (Data::I64(values), ViewData::I64(rows)) => interleave(values, old, rows, new),
            // Number types are equal, see above.
            _ => {}
        }
        self.shape[axis] += rows.shape()[axis];
        Ok(())
    }

    /// Whether [`Self::append`] would take `rows`.
    pub fn takes(&self, axis: usize, rows: TensorView<'_>) -> bool {
        axis < self.shape.len()
            && self.shape.len() == rows.shape().len()
            && self.dtype() == rows.dtype()
            && (self.shape.iter().zip(rows.shape()))
                .enumerate()
                .all(|(i, (a, b))| i == axis || a == b)
    }
}

/// Appends each run of `new` values of `rows` to each run of `old` values of `values`.
fn interleave<T: Copy>(values: &mut Vec<T>, old: usize, rows: &[T], new: usize) {
    if new == 0 || rows.is_empty() {
        return;
    }
    // One run, or nothing yet.
    if values.len() == old || old == 0 {
        values.extend_from_slice(rows);
        return;
    }
    let mut both = Vec::with_capacity(values.len() + rows.len());
    for (a, b) in values.chunks(old).zip(rows.chunks(new)) {
        both.extend_from_slice(a);
        both.extend_from_slice(b);
    }
    *values = both;
}

#[cfg(test)]
mod tests {
    use crate::DType;

    use super::*;

    #[test]
    fn append_is_concatenation() {
        struct Case {
            shape: &'static [usize],
            rows: &'static [usize],
            axis: usize,
            result: &'static [i64],
        }
        // The tensor counts 0, 1, 2 ..., the rows 100, 101 ...
        let cases = [
            Case {
                shape: &[1, 2, 2],
                rows: &[1, 1, 2],
                axis: 1,
                result: &[0, 1, 2, 3, 100, 101],
            },
            Case {
                shape: &[2],
                rows: &[3],
                axis: 0,
                result: &[0, 1, 100, 101, 102],
            },
            Case {
                shape: &[2, 2],
                rows: &[2, 1],
                axis: 1,
                result: &[0, 1, 100, 2, 3, 101],
            },
            Case {
                shape: &[2, 1, 2],
                rows: &[2, 1, 2],
                axis: 1,
                result: &[0, 1, 100, 101, 2, 3, 102, 103],
            },
            Case {
                shape: &[1, 0, 2],
                rows: &[1, 2, 2],
                axis: 1,
                result: &[100, 101, 102, 103],
            },
            Case {
                shape: &[2, 0],
                rows: &[2, 1],
                axis: 1,
                result: &[100, 101],
            },
            Case {
                shape: &[2, 1],
                rows: &[2, 0],
                axis: 1,
                result: &[0, 1],
            },
            Case {
                shape: &[0, 1],
                rows: &[0, 5],
                axis: 1,
                result: &[],
            },
            Case {
                shape: &[1, 1, 0],
                rows: &[1, 1, 0],
                axis: 1,
                result: &[],
            },
        ];
        let count = |shape: &[usize], from: i64| {
            let n = shape.iter().product::<usize>() as i64;
            Tensor::i64(shape, (from..from + n).collect()).unwrap()
        };
        let mut wrong = Vec::new();
        for case in cases {
            let mut tensor = count(case.shape, 0);
            let mut shape = case.shape.to_vec();
            shape[case.axis] += case.rows[case.axis];
            tensor
                .append(case.axis, count(case.rows, 100).view())
                .unwrap();
            if tensor.as_i64() != Some(case.result) || tensor.shape() != shape {
                wrong.push((case.shape, tensor));
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn append_refuses_what_does_not_fit() {
        let mut tensor = Tensor::zeros(DType::F32, [1, 2, 3]).unwrap();
        let before = tensor.clone();
        let rows = |dtype, shape: &[usize]| Tensor::zeros(dtype, shape).unwrap();
        let cases = [
            (1, rows(DType::F32, &[1, 1, 4])),
            (1, rows(DType::F32, &[2, 1, 3])),
            (1, rows(DType::F32, &[1, 3])),
            (1, rows(DType::I64, &[1, 1, 3])),
            (3, rows(DType::F32, &[1, 2, 3])),
        ];
        for (axis, rows) in cases {
            assert!(tensor.append(axis, rows.view()).is_err(), "{axis} {rows:?}");
        }
        assert_eq!(tensor, before);
    }

    #[test]
    fn appending_rows_copies_the_buffer_rarely() {
        let mut tensor = Tensor::zeros(DType::F32, [1, 0, 64]).unwrap();
        let row = Tensor::zeros(DType::F32, [1, 1, 64]).unwrap();
        let mut moves = 0;
        let mut at = std::ptr::null();
        for _ in 0..1000 {
            tensor.append(1, row.view()).unwrap();
            let now = tensor.as_f32().unwrap().as_ptr();
            moves += usize::from(now != at);
            at = now;
        }
        assert!(moves <= 16, "{moves} moves for 1000 rows");
    }
}
