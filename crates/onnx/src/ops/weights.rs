//! Weights as operators take them: nodes (`Transpose`, `Reshape`, `Cast`, `Mul`, `Slice`, `Gather`, ...,
//! all in opset 17) unpack what the data file holds to f32, exactly as [`weights`] does. Runtimes
//! compute this once, at load time.

use std::array::from_fn;

use weights::{
    Layout, Matrix, PANEL, Packing, Q4_OFFSET, Q6_OFFSET, QUANT_BLOCK, TableFormat, WeightFormat,
    power_of_two,
};

use crate::model::scale_name;
use crate::{Scope, Value};

impl Scope<'_> {
    /// The weight `name [out, in]` of a linear layer: f32 `[in, out]`.
    ///
    /// Runtimes pack the second factor of a product once, when they load it, but only
    /// if it already has the layout that `MatMul` needs.
    pub fn matrix(&self, name: &str) -> Value {
        self.unpacked(name, Layout::Linear)
    }

    /// The weight `name [out, in, kernel]` of a convolution, as f32.
    pub fn convolution_weight(&self, name: &str) -> Value {
        let matrix = self.unpacked(name, Layout::Convolution);
        let [outputs, inputs, kernel] = *self.parameter_shape(name) else {
            return matrix;
        };
        let w = self.child(name);
        let taps = w.reshape(&matrix, &[kernel, inputs, outputs].map(|n| n as i64));
        w.transpose(&taps, &[2, 1, 0])
    }

    /// The weight `name [in, out, 2 * stride]` of a transposed convolution: f32
    /// `[2 * in, stride * out]`, the inputs and outputs of [`Layout::TransposedConvolution`].
    pub fn transposed_kernel(&self, name: &str) -> Value {
        self.unpacked(name, Layout::TransposedConvolution)
    }

    /// Rows of the table `name [rows, width]` at `indices` (i64 `[count]`): f32 `[count, width]`.
    pub fn lookup(&self, name: &str, indices: &Value) -> Value {
        let w = self.child(name);
        let values = Value::new(w.path());
        let packing = self.graph().parameter(w.path(), Layout::Table);
        let rows = self.gather(&values, indices, 0);
        // `Graph::finish` names the table that is not there.
        let Some(Packing::Table(table)) = packing else {
            return rows;
        };
        match table.table_format() {
            TableFormat::F32 => rows,
            TableFormat::Bf16 => self.to_f32(&rows),
            TableFormat::Q8 => {
                let scales = self.gather(&w.scales(), indices, 0);
                self.mul(&self.to_f32(&rows), &scales)
            }
        }
    }

    /// The weight `name` as a matrix `[inputs, outputs]`.
    fn unpacked(&self, name: &str, layout: Layout) -> Value {
        let w = self.child(name);
        let packed = Value::new(w.path());
        match self.graph().parameter(w.path(), layout) {
            Some(Packing::Matrix(matrix)) => w.unpack(&packed, matrix),
            // `Graph::finish` names the parameter that is not there.
            _ => packed,
        }
    }

    /// The scales of the weight at this scope's path.
    fn scales(&self) -> Value {
        Value::new(scale_name(self.path()))
    }

    /// Turns panels into rows.
    fn unpack(&self, packed: &Value, matrix: Matrix) -> Value {
        let [inputs, outputs] = [matrix.inputs, matrix.outputs].map(|n| n as i64);
        let panels = Panels {
            packed,
            rows: matrix.padded_inputs() as i64,
            columns: (matrix.panels() * PANEL) as i64,
        };
        let Panels { rows, columns, .. } = panels;
        let unpacked = match matrix.format {
            WeightFormat::F32 => self.moved(&panels, &[1, 0, 2], &[rows, columns]),
            WeightFormat::Bf16 => self.to_f32(&self.moved(&panels, &[1, 0, 2], &[rows, columns])),
            WeightFormat::Q16 | WeightFormat::Q8 => {
                let numbers = self.to_f32(&self.moved(&panels, &[1, 3, 0, 2], &[rows, columns]));
                self.mul(&numbers, &self.scales())
            }
            WeightFormat::Q6 => self.unpack_q6(&panels),
            WeightFormat::Q4 => self.unpack_q4(&panels),
        };
        if (rows, columns) == (inputs, outputs) {
            return unpacked;
        }
        // What pads the last group and the last panel.
        let (start, end) = (self.ints(&[0, 0]), self.ints(&[inputs, outputs]));
        self.op("Slice", &[&unpacked, &start, &end], &[])
    }

    /// Numbers change their order before they are widened: runtimes keep all intermediate results.
    fn moved(&self, panels: &Panels<'_>, permutation: &[i64], shape: &[i64]) -> Value {
        self.reshape(&self.transpose(panels.packed, permutation), shape)
    }

    fn unpack_q6(&self, panels: &Panels<'_>) -> Value {
        let shape = [panels.blocks(), 2, 3, 4, panels.columns];
        let bytes = self.to_i32(&self.moved(panels, &[1, 2, 4, 0, 3], &shape));
        let lower = self.look_up("q6 lower", &bytes, |byte| (byte & 63).into(), Q6_OFFSET);
        // The fourth of four numbers, two bits at a time.
        let upper = self.look_up("q6 upper", &bytes, |byte| (byte >> 6).into(), 0);
        let powers = self.shared("q6 powers", &[3, 1, 1], &[1.0, 4.0, 16.0]);
        let upper = self.sum(&self.mul(&upper, &powers), 2);
        let upper = self.sub(&upper, &self.scalar(Q6_OFFSET as f32));
        let numbers = self.concat(&[&lower, &upper], 2);
        let values = self.mul(&numbers, &self.block_scales(panels));
        self.reshape(&values, &[panels.rows, panels.columns])
    }

    fn unpack_q4(&self, panels: &Panels<'_>) -> Value {
        let shape = [panels.blocks(), 4, 1, 4, panels.columns];
        let bytes = self.moved(panels, &[1, 3, 0, 2], &shape);
        let scales = self.block_scales(panels);
        let bytes = self.to_i32(&bytes);
        let values = [("q4 lower", 0), ("q4 upper", 4)].map(|(name, shift)| {
            let quant = |byte| f32::from(byte >> shift & 15_u8);
            self.mul(&self.look_up(name, &bytes, quant, Q4_OFFSET), &scales)
        });
        let values = self.concat(&[&values[0], &values[1]], 2);
        self.reshape(&values, &[panels.rows, panels.columns])
    }

    /// The scales of blocks, `[blocks, 1, 1, 1, columns]`.
    fn block_scales(&self, panels: &Panels<'_>) -> Value {
        let blocks = panels.blocks();
        let scales = self.transpose(&self.scales(), &[1, 0, 2]);
        let scales = self.reshape(&scales, &[1 + blocks, 1, 1, 1, panels.columns]);
        let exponents = self.to_i32(&self.slice(&scales, 0, 1, 0));
        let numbers = self.to_f32(&self.slice(&scales, 1, 1 + blocks, 0));
        // A negative index counts from the end.
        let powers: [f32; 256] = from_fn(|i| power_of_two((i as i8).max(-126)));
        let powers = self.shared("powers of two", &[256], &powers);
        self.mul(&numbers, &self.gather(&powers, &exponents, 0))
    }

    /// Extracts a part of each of `bytes` with a table, and subtracts `offset`: runtimes disagree on
    /// shifts of bytes, but every runtime can look numbers up.
    fn look_up(&self, name: &str, bytes: &Value, part: impl Fn(u8) -> f32, offset: i32) -> Value {
        let numbers = from_fn::<_, 256, _>(|byte| part(byte as u8) - offset as f32);
        self.gather(&self.shared(name, &[256], &numbers), bytes, 0)
    }
}

/// A packed matrix, with its padded sizes.
struct Panels<'a> {
    packed: &'a Value,
    rows: i64,
    columns: i64,
}

impl Panels<'_> {
    /// Blocks of inputs that share scales.
    fn blocks(&self) -> i64 {
        self.rows / QUANT_BLOCK as i64
    }
}
