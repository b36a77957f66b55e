//! How far two tensors are apart.

use tensor::{TensorView, ViewData};

/// How far a tensor is from its reference.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TensorDifference {
    /// Largest absolute difference.
    pub(crate) max_abs: f64,
    /// Scale of the reference: see [`crate::Comparison::largest`].
    pub(crate) largest: f64,
    /// Why the tensors cannot be compared.
    pub(crate) problem: Option<String>,
}

impl TensorDifference {
    /// Compares two tensors value by value.
    pub(crate) fn between(actual: TensorView<'_>, reference: TensorView<'_>) -> Self {
        let mut difference = Self {
            max_abs: 0.0,
            largest: 0.0,
            problem: None,
        };
        if actual.shape() != reference.shape() {
            let (actual, reference) = (actual.shape(), reference.shape());
            difference.problem = Some(format!("has the shape {actual:?}, not {reference:?}"));
            return difference;
        }
        match (actual.data(), reference.data()) {
            (ViewData::F32(a), ViewData::F32(b)) => {
                let pairs = a.iter().zip(b).map(|(a, b)| (f64::from(*a), f64::from(*b)));
                difference.add(pairs, actual.shape());
            }
            (ViewData::I64(a), ViewData::I64(b)) => {
                let pairs = a.iter().zip(b).map(|(a, b)| (*a as f64, *b as f64));
                difference.add(pairs, actual.shape());
            }
            _ => {
                let (actual, reference) = (actual.dtype(), reference.dtype());
                difference.problem = Some(format!("is {actual:?}, not {reference:?}"));
            }
        }
        difference
    }

    fn add(&mut self, pairs: impl ExactSizeIterator<Item = (f64, f64)>, shape: &[usize]) {
        if pairs.len() == 1 {
            self.largest = 1.0;
        }
        for (i, (actual, reference)) in pairs.enumerate() {
            if actual.is_finite() && reference.is_finite() {
                self.max_abs = self.max_abs.max((actual - reference).abs());
                self.largest = self.largest.max(reference.abs());
            } else if self.problem.is_none() {
                let at = index(i, shape);
                let whose = if actual.is_finite() {
                    " in the reference"
                } else {
                    ""
                };
                self.problem = Some(format!("is not finite at {at:?}{whose}"));
            }
        }
    }

    /// The difference as a part of the reference's scale.
    pub(crate) fn max_rel(&self) -> f64 {
        if self.max_abs == 0.0 {
            return 0.0;
        }
        // A reference of zeros has no scale: any difference is far too large then.
        self.max_abs / self.largest.max(f64::from(f32::MIN_POSITIVE))
    }
}

/// The index of the value at `at` of a row-major tensor.
fn index(mut at: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (i, size) in index.iter_mut().zip(shape).rev() {
        *i = at % size;
        at /= size;
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_found_and_scaled() {
        struct Case {
            actual: &'static [f32],
            reference: &'static [f32],
            max_abs: f64,
            max_rel: f64,
            problem: Option<&'static str>,
        }
        const NAN: f32 = f32::NAN;
        let case = |actual, reference, max_abs, max_rel, problem| Case {
            actual,
            reference,
            max_abs,
            max_rel,
            problem,
        };
        let cases = [
            case(&[1.0, 2.0], &[1.0, 2.0], 0.0, 0.0, None),
            case(&[1.0, -3.5], &[1.0, -4.0], 0.5, 0.125, None),
            case(&[0.0, 0.0], &[0.0, 0.0], 0.0, 0.0, None),
            case(&[], &[], 0.0, 0.0, None),
            // One number alone is measured against 1 at least.
            case(&[0.25], &[0.0], 0.25, 0.25, None),
            case(&[6.0], &[4.0], 2.0, 0.5, None),
            case(
                &[1.0, f32::INFINITY],
                &[1.0, 2.0],
                0.0,
                0.0,
                Some("is not finite at [0, 1]"),
            ),
            case(
                &[NAN, 2.0],
                &[NAN, 2.0],
                0.0,
                0.0,
                Some("is not finite at [0, 0]"),
            ),
            case(
                &[1.0, 2.0],
                &[1.0, NAN],
                0.0,
                0.0,
                Some("is not finite at [0, 1] in the reference"),
            ),
            case(
                &[1.0],
                &[1.0, 2.0],
                0.0,
                0.0,
                Some("has the shape [1, 1], not [1, 2]"),
            ),
        ];
        let mut wrong = Vec::new();
        for case in cases {
            let shapes = [[1, case.actual.len()], [1, case.reference.len()]];
            let found = TensorDifference::between(
                TensorView::f32(&shapes[0], case.actual).unwrap(),
                TensorView::f32(&shapes[1], case.reference).unwrap(),
            );
            let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
            if !near(found.max_abs, case.max_abs)
                || !near(found.max_rel(), case.max_rel)
                || found.problem.as_deref() != case.problem
            {
                wrong.push((case.actual, case.reference, found));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn nothing_is_near_zeros_but_zeros() {
        let zeros = TensorView::f32(&[2], &[0.0; 2]).unwrap();
        let tiny = TensorView::f32(&[2], &[0.0, 1e-30]).unwrap();
        assert!(TensorDifference::between(tiny, zeros).max_rel() > 1.0);
    }

    #[test]
    fn number_formats_must_agree() {
        let floats = TensorView::f32(&[2], &[1.0, 2.0]).unwrap();
        let integers = TensorView::i64(&[2], &[1, 2]).unwrap();
        let mixed = TensorDifference::between(floats, integers).problem;
        assert_eq!(mixed.as_deref(), Some("is F32, not I64"));
        assert_eq!(TensorDifference::between(integers, integers).problem, None);
    }
}
