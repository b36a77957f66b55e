//! The table of differences while it is filled.

use bundle::ComponentName;
use tensor::TensorView;

use crate::Comparison;
use crate::difference::TensorDifference;

/// One row per component, tensor and pair of sources.
pub(crate) struct DifferenceTable {
    tolerance: f64,
    rows: Vec<Comparison>,
}

impl DifferenceTable {
    /// An empty table whose rows pass up to `tolerance`, until [`Self::allow`] says otherwise.
    pub(crate) fn new(tolerance: f64) -> Self {
        Self {
            tolerance,
            rows: Vec::new(),
        }
    }

    /// From now on rows pass up to `tolerance`.
    pub(crate) fn allow(&mut self, tolerance: f64) {
        self.tolerance = tolerance;
    }

    /// Compares a tensor of one call, and keeps the difference if it is the row's worst.
    pub(crate) fn compare(
        &mut self,
        component: ComponentName,
        tensor: &str,
        what: &str,
        context: &str,
        [actual, reference]: [TensorView<'_>; 2],
    ) {
        let difference = TensorDifference::between(actual, reference);
        let max_rel = difference.max_rel();
        let found = (self.rows.iter_mut())
            .find(|row| row.component == component && row.tensor == tensor && row.what == what);
        let count = found.as_ref().map_or(0, |row| row.count) + 1;
        let new = Comparison {
            component,
            tensor: tensor.to_owned(),
            what: what.to_owned(),
            count,
            context: context.to_owned(),
            max_abs: difference.max_abs,
            max_rel,
            largest: difference.largest,
            passed: max_rel <= self.tolerance && difference.problem.is_none(),
            problem: difference.problem,
        };
        match found {
            None => self.rows.push(new),
            Some(row) if is_worse(&new, row) => *row = new,
            Some(row) => row.count = count,
        }
    }

    /// The rows, component by component.
    pub(crate) fn finish(mut self) -> Vec<Comparison> {
        self.rows.sort_by_key(|row| row.component);
        self.rows
    }
}

/// A problem is worse than any number, and the first one tells most.
fn is_worse(new: &Comparison, old: &Comparison) -> bool {
    old.problem.is_none() && (new.problem.is_some() || new.max_rel > old.max_rel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_keeps_its_worst_call() {
        let mut table = DifferenceTable::new(0.1);
        let mut add = |context: &str, value: f32| {
            let values = [[value, 4.0], [1.0, 4.0]];
            let views = [0, 1].map(|i| TensorView::f32(&[2], &values[i]).unwrap());
            table.compare(ComponentName::FlowLm, "x", "a / b", context, views);
        };
        add("call 0", 1.0);
        add("call 1", 3.0);
        add("call 2", 2.0);
        let rows = table.finish();
        let [row] = rows.as_slice() else {
            panic!("{rows:?}");
        };
        assert_eq!((row.count, row.context.as_str()), (3, "call 1"));
        assert!(!row.passed && (row.max_rel - 0.5).abs() < 1e-12, "{row:?}");
    }

    #[test]
    fn a_problem_is_worse_than_a_number() {
        let mut table = DifferenceTable::new(0.1);
        for (context, value) in [("call 0", 9.0), ("call 1", f32::NAN), ("call 2", 99.0)] {
            let values = [[value, 4.0], [1.0, 4.0]];
            let views = [0, 1].map(|i| TensorView::f32(&[2], &values[i]).unwrap());
            table.compare(ComponentName::FlowLm, "x", "a / b", context, views);
        }
        let rows = table.finish();
        assert_eq!(rows[0].context, "call 1");
        assert_eq!(rows[0].problem.as_deref(), Some("is not finite at [0]"));
        assert!(!rows[0].passed);
    }
}
