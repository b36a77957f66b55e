//! The tensors of a published checkpoint: one safetensors file of both halves.

mod flow_lm;
mod mimi;
mod seanet;

use crate::Config;

/// One tensor of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSpec {
    /// Its name in the file, such as `flow_lm.input_linear.weight`.
    pub key: String,
    /// Its dimensions; a linear weight is `[out, in]`, a convolution's `[out, in, kernel]`, a
    /// transposed convolution's `[in, out / groups, kernel]`.
    pub shape: Vec<usize>,
}

impl TensorSpec {
    /// Number of values.
    pub fn values(&self) -> u64 {
        self.shape.iter().map(|&size| size as u64).product()
    }
}

impl Config {
    /// Every tensor of the published checkpoint of this (valid) configuration, in file order.
    pub fn tensors(&self) -> Vec<TensorSpec> {
        let mut layout = TensorList::default();
        layout.flow_lm(self);
        layout.mimi(self);
        layout.tensors
    }

    /// Values of the whole checkpoint, the encoder's included.
    pub fn value_count(&self) -> u64 {
        self.tensors().iter().map(TensorSpec::values).sum()
    }

    /// Bytes of the published checkpoint, which stores bfloat16: its header, as a
    /// safetensors file begins with it, and two bytes a value.
    pub fn download_size(&self) -> u64 {
        const LENGTH_FIELD: u64 = 8;
        const ALIGNMENT: u64 = 8;
        let mut values_end = 0;
        let mut header = 0;
        for tensor in self.tensors() {
            let start = values_end;
            values_end += 2 * tensor.values();
            // One more byte than the text: a comma, or for the first and last entry a brace.
            header += bf16_header_entry(&tensor, start, values_end).len() as u64 + 1;
        }
        LENGTH_FIELD + (header + 1).next_multiple_of(ALIGNMENT) + values_end
    }
}

/// One entry of the JSON header of a safetensors file.
fn bf16_header_entry(tensor: &TensorSpec, start: u64, end: u64) -> String {
    let TensorSpec { key, shape } = tensor;
    let sizes: Vec<_> = shape.iter().map(usize::to_string).collect();
    let shape = sizes.join(",");
    format!(r#""{key}":{{"dtype":"BF16","shape":[{shape}],"data_offsets":[{start},{end}]}}"#)
}

/// The list of tensors as it grows, one method per upstream module.
#[derive(Default)]
struct TensorList {
    tensors: Vec<TensorSpec>,
}

/// Widths of one transformer layer.
struct LayerWidths {
    model: usize,
    queries: usize,
    keys: usize,
    feedforward: usize,
}

impl TensorList {
    fn push<const RANK: usize>(&mut self, key: impl Into<String>, shape: [usize; RANK]) {
        self.tensors.push(TensorSpec {
            key: key.into(),
            shape: shape.to_vec(),
        });
    }

    /// A linear layer with a bias.
    fn linear(&mut self, path: &str, input: usize, output: usize) {
        self.push(format!("{path}.weight"), [output, input]);
        self.push(format!("{path}.bias"), [output]);
    }

    /// A norm with a gain and a bias.
    fn norm(&mut self, path: &str, width: usize) {
        self.push(format!("{path}.weight"), [width]);
        self.push(format!("{path}.bias"), [width]);
    }

    /// Counterpart of `StreamingTransformerLayer`, without its layer scales.
    fn transformer_layer(&mut self, path: &str, widths: &LayerWidths) {
        let &LayerWidths {
            model,
            queries,
            keys,
            feedforward,
        } = widths;
        let projected = queries + 2 * keys;
        self.push(
            format!("{path}.self_attn.in_proj.weight"),
            [projected, model],
        );
        self.push(
            format!("{path}.self_attn.out_proj.weight"),
            [model, queries],
        );
        self.norm(&format!("{path}.norm1"), model);
        self.norm(&format!("{path}.norm2"), model);
        self.push(format!("{path}.linear1.weight"), [feedforward, model]);
        self.push(format!("{path}.linear2.weight"), [model, feedforward]);
    }
}
