//! A part of a tensor.

use std::ops::Range;

use runtime::RuntimeError;
use tensor::{Data, Tensor, TensorView, ViewData};

/// The part `range` of `tensor` along `axis`; as much of it as there is.
pub(crate) fn slice(
    tensor: TensorView<'_>,
    axis: usize,
    range: Range<usize>,
) -> Result<Tensor, RuntimeError> {
    let size = tensor.shape().get(axis).copied().unwrap_or(0);
    let range = range.start.min(size)..range.end.min(size);
    let inner: usize = tensor.shape().iter().skip(axis + 1).product();
    let mut shape = tensor.shape().to_vec();
    if let Some(size) = shape.get_mut(axis) {
        *size = range.len();
    }
    let part = range.start * inner..range.end * inner;
    let data = match tensor.data() {
        ViewData::F32(values) => Data::F32(cut(values, size * inner, part)),
        ViewData::I64(values) => Data::I64(cut(values, size * inner, part)),
    };
    Ok(Tensor::new(shape, data)?)
}

/// The last `count` of `tensor` along `axis`; all where there are fewer.
pub(crate) fn last(
    tensor: TensorView<'_>,
    axis: usize,
    count: usize,
) -> Result<Tensor, RuntimeError> {
    let size = tensor.shape().get(axis).copied().unwrap_or(0);
    slice(tensor, axis, size.saturating_sub(count)..size)
}

/// The same part of each block of `block` values.
fn cut<T: Copy>(values: &[T], block: usize, part: Range<usize>) -> Vec<T> {
    let blocks = values.chunks_exact(block.max(1));
    let parts = blocks.filter_map(|block| block.get(part.clone()));
    parts.flatten().copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_cut_out() {
        struct Case {
            shape: &'static [usize],
            axis: usize,
            range: Range<usize>,
            result: (&'static [usize], &'static [i64]),
        }
        let case = |shape, axis, range, result| Case {
            shape,
            axis,
            range,
            result,
        };
        let cases = [
            case(&[1, 3, 2], 1, 1..3, (&[1, 2, 2], &[2, 3, 4, 5])),
            case(&[2, 3], 1, 0..1, (&[2, 1], &[0, 3])),
            case(&[2, 3], 0, 1..2, (&[1, 3], &[3, 4, 5])),
            case(&[3], 0, 2..9, (&[1], &[2])),
            case(&[1, 3], 1, 2..2, (&[1, 0], &[])),
            case(&[1, 0, 2], 1, 0..4, (&[1, 0, 2], &[])),
        ];
        let mut wrong = Vec::new();
        for case in cases {
            let count = case.shape.iter().product::<usize>() as i64;
            let tensor = Tensor::i64(case.shape, (0..count).collect()).unwrap();
            let part = slice(tensor.view(), case.axis, case.range.clone()).unwrap();
            if (part.shape(), part.as_i64().unwrap()) != case.result {
                wrong.push((case.shape, case.axis, case.range, part));
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn the_last_are_cut_out() {
        let tensor = Tensor::i64([1, 3], vec![0, 1, 2]).unwrap();
        let last = |count| last(tensor.view(), 1, count).unwrap();
        assert_eq!(last(2).as_i64(), Some(&[1, 2][..]));
        assert_eq!(last(9), tensor);
    }
}
