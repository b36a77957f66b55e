//! Shapes: `Reshape`, `Transpose`, `Concat`, `Split`, `Slice`, `Gather`, `Expand`, `Squeeze`, `Unsqueeze`, `Shape`, `ConstantOfShape` (all 13 or older), `Range` (11).

use crate::{Attribute, Scope, Value};

impl Scope<'_> {
    /// The same values in another shape: 0 keeps a size, one -1 takes the rest.
    pub fn reshape(&self, x: &Value, shape: &[i64]) -> Value {
        self.op("Reshape", &[x, &self.ints(shape)], &[])
    }

    /// `Reshape` to a shape that is computed.
    pub fn reshape_by(&self, x: &Value, shape: &Value) -> Value {
        self.op("Reshape", &[x, shape], &[])
    }

    /// `Transpose`: axes in another order.
    pub fn transpose(&self, x: &Value, permutation: &[i64]) -> Value {
        let perm = Attribute::Ints(permutation.to_vec());
        self.op("Transpose", &[x], &[("perm", perm)])
    }

    /// `Concat`: one after the other along `axis`.
    pub fn concat(&self, values: &[&Value], axis: i64) -> Value {
        self.op("Concat", values, &[("axis", Attribute::Int(axis))])
    }

    /// Pieces of these sizes along `axis`.
    pub fn split(&self, x: &Value, sizes: &[usize], axis: i64) -> Vec<Value> {
        let pieces: Vec<i64> = sizes.iter().map(|&s| s as i64).collect();
        self.split_by(x, &self.ints(&pieces), sizes.len(), axis)
    }

    /// `count` pieces of computed sizes along `axis`.
    pub fn split_by(&self, x: &Value, sizes: &Value, count: usize, axis: i64) -> Vec<Value> {
        let axis = Attribute::Int(axis);
        self.op_many("Split", &[x, sizes], count, &[("axis", axis)])
    }

    /// From `start` to before `end` along `axis`; negative ones count from the end,
    /// those beyond it are cut.
    pub fn slice(&self, x: &Value, start: i64, end: i64, axis: i64) -> Value {
        self.slice_by(x, &self.ints(&[start]), &self.ints(&[end]), axis)
    }

    /// [`Scope::slice`] with computed i64 [1] ends.
    pub fn slice_by(&self, x: &Value, start: &Value, end: &Value, axis: i64) -> Value {
        self.op("Slice", &[x, start, end, &self.ints(&[axis])], &[])
    }

    /// Elements of `x` along `axis` at `indices`.
    pub fn gather(&self, x: &Value, indices: &Value, axis: i64) -> Value {
        self.op("Gather", &[x, indices], &[("axis", Attribute::Int(axis))])
    }

    /// Repeats sizes of 1 up to the computed shape.
    pub fn expand(&self, x: &Value, shape: &Value) -> Value {
        self.op("Expand", &[x, shape], &[])
    }

    /// `Squeeze`: without `axes`, whose size is 1.
    pub fn squeeze(&self, x: &Value, axes: &[i64]) -> Value {
        self.op("Squeeze", &[x, &self.ints(axes)], &[])
    }

    /// `Unsqueeze`: with new axes of size 1.
    pub fn unsqueeze(&self, x: &Value, axes: &[i64]) -> Value {
        self.op("Unsqueeze", &[x, &self.ints(axes)], &[])
    }

    /// Size of one axis, i64 [1].
    pub fn size(&self, x: &Value, axis: i64) -> Value {
        let attributes = [
            ("start", Attribute::Int(axis)),
            ("end", Attribute::Int(axis + 1)),
        ];
        self.op("Shape", &[x], &attributes)
    }

    /// Integers from `start` to before `end`, both i64 [1]: i64 [count].
    pub fn range(&self, start: &Value, end: &Value) -> Value {
        let (start, end) = (self.squeeze(start, &[0]), self.squeeze(end, &[0]));
        self.op("Range", &[&start, &end, &self.int(1)], &[])
    }

    /// f32 zeros of a computed shape.
    pub fn zeros(&self, shape: &Value) -> Value {
        self.op("ConstantOfShape", &[shape], &[])
    }
}
