//! Parameters that are made up: as the checkpoint has them, and packed as a bundle has them.

use std::collections::HashMap;

use bundle::{Component, Extent, FileEntry, Parameter, ParameterKind, WeightFormat};
use kernels::CpuKernels;
use weights::{Matrix, TableLayout};

use super::noise;
use super::reference::{RefTransformer, RefWeights};
use crate::WeightBytes;
use crate::loader::Loader;

/// Parameters of a module.
pub(crate) struct TestWeights {
    component: Component,
    data: Vec<u8>,
    /// By path, in the checkpoint's layout.
    values: HashMap<String, Vec<f32>>,
}

impl RefWeights for TestWeights {
    fn find(&self, path: &str) -> Option<&[f32]> {
        self.values.get(path).map(Vec::as_slice)
    }
}

impl TestWeights {
    /// None yet.
    pub(crate) fn new() -> Self {
        let file = FileEntry {
            name: "test".to_owned(),
            size: 0,
            sha256: String::new(),
        };
        let component = Component {
            graph: file.clone(),
            data: file,
            format: WeightFormat::F32,
            slow_format: None,
            parameters: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            states: Vec::new(),
            position: None,
        };
        Self {
            component,
            data: Vec::new(),
            values: HashMap::new(),
        }
    }

    /// The root of these parameters.
    pub(crate) fn loader(&self) -> Loader<'_> {
        let data = WeightBytes::new(self.data.clone());
        Loader::new(&self.component, data, CpuKernels::default(), false)
    }

    /// The manifest's list, which a test may change.
    pub(crate) fn parameters(&mut self) -> &mut Vec<Parameter> {
        &mut self.component.parameters
    }

    /// Adds a vector.
    pub(crate) fn vector(&mut self, path: &str, length: usize) {
        let values = self.make_up(path, length, 1.0);
        let bytes = values.iter().flat_map(|value| value.to_le_bytes());
        let bytes: Vec<u8> = bytes.collect();
        self.push(path, ParameterKind::Vector, &[length], [&bytes, &[]]);
    }

    /// Adds `path.weight` [out, in] and, if wanted, `path.bias` [out].
    pub(crate) fn linear(&mut self, path: &str, inputs: usize, outputs: usize, bias: bool) {
        let name = format!("{path}.weight");
        let weight = self.make_up(&name, outputs * inputs, scale(inputs));
        self.matrix(&name, inputs, outputs, &weight);
        if bias {
            self.vector(&format!("{path}.bias"), outputs);
        }
    }

    /// Adds `path.weight` [out, in, kernel] and `path.bias` [out].
    pub(crate) fn conv(&mut self, path: &str, inputs: usize, outputs: usize, kernel: usize) {
        let name = format!("{path}.weight");
        let weight = self.make_up(&name, outputs * inputs * kernel, scale(inputs * kernel));
        let mut columns = Vec::new();
        for output in 0..outputs {
            for tap in 0..kernel {
                let at = |input| weight[(output * inputs + input) * kernel + tap];
                columns.extend((0..inputs).map(at));
            }
        }
        self.matrix(&name, kernel * inputs, outputs, &columns);
        self.vector(&format!("{path}.bias"), outputs);
    }

    /// Adds `path.weight` [in, out, 2 * stride] and `path.bias` [out].
    pub(crate) fn conv_transpose(
        &mut self,
        path: &str,
        inputs: usize,
        outputs: usize,
        stride: usize,
    ) {
        let name = format!("{path}.weight");
        let weight = self.make_up(&name, inputs * outputs * 2 * stride, scale(2 * inputs));
        let mut columns = Vec::new();
        for phase in 0..stride {
            for output in 0..outputs {
                // What the input before contributes, then what the input itself does.
                for tap in [stride + phase, phase] {
                    let at = |input| weight[(input * outputs + output) * 2 * stride + tap];
                    columns.extend((0..inputs).map(at));
                }
            }
        }
        self.matrix(&name, 2 * inputs, stride * outputs, &columns);
        self.vector(&format!("{path}.bias"), outputs);
    }

    /// Adds `path.weight` and `path.bias` of a layer norm.
    pub(crate) fn layer_norm(&mut self, path: &str, width: usize) {
        self.vector(&format!("{path}.weight"), width);
        self.vector(&format!("{path}.bias"), width);
    }

    /// Adds a transformer of feed-forward width `feedforward`, with layer scales or not.
    pub(crate) fn transformer(
        &mut self,
        path: &str,
        sizes: &RefTransformer,
        [width, feedforward]: [usize; 2],
        layer_scale: bool,
    ) {
        let queries = sizes.num_heads * sizes.head_dim;
        let projected = queries + 2 * sizes.num_kv_heads * sizes.head_dim;
        for layer in 0..sizes.layers {
            let path = |name: &str| format!("{path}.layers.{layer}.{name}");
            self.layer_norm(&path("norm1"), width);
            self.linear(&path("self_attn.in_proj"), width, projected, false);
            self.linear(&path("self_attn.out_proj"), queries, width, false);
            self.layer_norm(&path("norm2"), width);
            self.linear(&path("linear1"), width, feedforward, false);
            self.linear(&path("linear2"), feedforward, width, false);
            if layer_scale {
                self.vector(&path("layer_scale_1.scale"), width);
                self.vector(&path("layer_scale_2.scale"), width);
            }
        }
    }

    /// Adds a lookup table.
    pub(crate) fn table(&mut self, path: &str, rows: usize, width: usize) {
        let values = self.make_up(path, rows * width, 1.0);
        let table = TableLayout::new(WeightFormat::F32, rows, width);
        assert_eq!(table.bytes(), values.len() * 4);
        let bytes = values.iter().flat_map(|value| value.to_le_bytes());
        let bytes: Vec<u8> = bytes.collect();
        self.push(path, ParameterKind::Table, &[rows, width], [&bytes, &[]]);
    }

    /// Adds a matrix, given as `outputs` rows of `inputs` values.
    fn matrix(&mut self, name: &str, inputs: usize, outputs: usize, columns: &[f32]) {
        let matrix = Matrix {
            format: WeightFormat::F32,
            inputs,
            outputs,
        };
        let (values, scales) = matrix.pack(columns);
        let shape = [inputs, outputs];
        self.push(name, ParameterKind::Matrix, &shape, [&values, &scales]);
    }

    fn make_up(&mut self, path: &str, count: usize, scale: f32) -> Vec<f32> {
        let seed = self.values.len() as u32 + 1;
        let mut values = noise(count, seed);
        for value in &mut values {
            *value *= scale;
        }
        self.values.insert(path.to_owned(), values.clone());
        values
    }

    fn push(&mut self, path: &str, kind: ParameterKind, shape: &[usize], parts: [&[u8]; 2]) {
        let [values, scales] = parts.map(|bytes| {
            let offset = self.data.len() as u64;
            self.data.extend_from_slice(bytes);
            Extent {
                offset,
                size: bytes.len() as u64,
            }
        });
        self.component.parameters.push(Parameter {
            name: path.to_owned(),
            kind,
            format: WeightFormat::F32,
            shape: shape.to_vec(),
            values,
            scales: (scales.size > 0).then_some(scales),
        });
    }
}

/// A scale of weights with which sums of `inputs` products stay about as large as the inputs.
fn scale(inputs: usize) -> f32 {
    1.5 / (inputs as f32).sqrt()
}
