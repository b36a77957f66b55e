//! Counterpart of PyTorch's `Linear`.

use kernels::Rows;

use crate::EngineError;
use crate::context::Context;
use crate::loader::{Loader, PackedMatrix};
use crate::parts;

/// A packed weight with its bias.
#[derive(Clone, Debug)]
pub(crate) struct Linear {
    weight: PackedMatrix,
    bias: Option<Vec<f32>>,
}

impl Linear {
    /// The linear layer `m` [inputs, outputs].
    pub(crate) fn new(m: &Loader<'_>, inputs: usize, outputs: usize) -> Result<Self, EngineError> {
        Self::of(m, "weight", inputs, outputs)
    }

    /// A product with the weight `name` of `m`, and `bias` where `m` has one.
    pub(crate) fn of(
        m: &Loader<'_>,
        name: &str,
        inputs: usize,
        outputs: usize,
    ) -> Result<Self, EngineError> {
        let weight = m.matrix(name, inputs, outputs)?;
        let mut linear = Self { weight, bias: None };
        if m.has("bias") {
            linear.bias = Some(m.vector("bias", outputs)?);
        }
        Ok(linear)
    }

    /// The same with a bias that is repeated `times`, for a transposed convolution, whose outputs
    /// are `[stride][out]`.
    pub(crate) fn with_repeated_bias(
        m: &Loader<'_>,
        inputs: usize,
        outputs: usize,
        times: usize,
    ) -> Result<Self, EngineError> {
        let weight = m.matrix("weight", inputs, outputs * times)?;
        let bias = if m.has("bias") {
            Some(m.vector("bias", outputs)?.repeat(times))
        } else {
            None
        };
        Ok(Self { weight, bias })
    }

    /// Values of an input row.
    pub(crate) fn inputs(&self) -> usize {
        self.weight.matrix.inputs
    }

    /// Values of an output row.
    pub(crate) fn outputs(&self) -> usize {
        self.weight.matrix.outputs
    }

    /// `x` [rows, inputs] -> [rows, outputs].
    pub(crate) fn forward(&self, ctx: &mut Context, x: &[f32]) -> Vec<f32> {
        self.forward_rows(ctx, Rows::new(x, self.weight.matrix.inputs))
    }

    /// The same for rows that may overlap.
    pub(crate) fn forward_rows(&self, ctx: &mut Context, x: Rows<'_>) -> Vec<f32> {
        let mut out = ctx.acquire(x.count * self.outputs());
        let weight = self.weight.with_bias(self.bias.as_deref());
        let kernels = *ctx.products.of(x.count);
        let threads = parts::count(&weight.matrix, x.count, ctx.threads);
        if threads > 1 {
            parts::multiply(kernels, &weight, x, &mut ctx.parts, threads, &mut out);
        } else {
            kernels.matmul(&weight, x, &mut ctx.scratch, &mut out);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::reference::{self, rows};
    use crate::testing::{TestWeights, assert_close, noise};

    #[test]
    fn products_equal_the_reference() {
        for (inputs, outputs, bias) in [(1, 1, false), (3, 17, true), (40, 16, true)] {
            let mut weights = TestWeights::new();
            weights.linear("linear", inputs, outputs, bias);
            let linear = Linear::new(&weights.loader().child("linear"), inputs, outputs).unwrap();
            let (mut ctx, x) = (Context::default(), noise(5 * inputs, 2));
            let expected = reference::linear(&weights, "linear", &rows(&x, inputs));
            let actual = linear.forward(&mut ctx, &x);
            assert_close(
                &actual,
                &expected.concat(),
                &format!("{inputs} to {outputs}"),
            );
        }
    }

    #[test]
    fn rows_may_overlap() {
        let mut weights = TestWeights::new();
        weights.linear("linear", 6, 4, true);
        let linear = Linear::new(&weights.loader().child("linear"), 6, 4).unwrap();
        let (mut ctx, x) = (Context::default(), noise(10, 2));
        let overlapping = Rows {
            values: &x,
            count: 3,
            stride: 2,
        };
        let windows: Vec<f32> = (0..3).flat_map(|i| x[2 * i..][..6].to_vec()).collect();
        let expected = reference::linear(&weights, "linear", &rows(&windows, 6));
        let actual = linear.forward_rows(&mut ctx, overlapping);
        assert_close(&actual, &expected.concat(), "windows");
    }
}
