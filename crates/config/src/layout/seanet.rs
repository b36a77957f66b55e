//! Counterpart of `SEANetEncoder`'s and `SEANetDecoder`'s parameters.
//!
//! Both are one list of modules, activations included, and a key names a module by its index.

use super::TensorList;
use crate::SeanetConfig;

/// A walk along the list of modules.
struct Modules<'a> {
    layout: &'a mut TensorList,
    config: &'a SeanetConfig,
    path: &'static str,
    index: usize,
}

impl TensorList {
    pub(super) fn seanet_encoder(&mut self, config: &SeanetConfig) {
        let mut modules = Modules::new(self, config, "mimi.encoder.model");
        let mut width = config.n_filters;
        modules.conv(config.channels, width, config.kernel_size);
        for &ratio in config.ratios.iter().rev() {
            modules.residual_blocks(width);
            modules.activation();
            modules.conv(width, 2 * width, 2 * ratio);
            width *= 2;
        }
        modules.activation();
        modules.conv(width, config.dimension, config.last_kernel_size);
    }

    pub(super) fn seanet_decoder(&mut self, config: &SeanetConfig) {
        let mut modules = Modules::new(self, config, "mimi.decoder.model");
        let mut width = config.n_filters << config.ratios.len();
        modules.conv(config.dimension, width, config.kernel_size);
        for &ratio in &config.ratios {
            modules.activation();
            modules.conv_transpose(width, width / 2, 2 * ratio);
            width /= 2;
            modules.residual_blocks(width);
        }
        modules.activation();
        modules.conv(config.n_filters, config.channels, config.last_kernel_size);
    }
}

impl<'a> Modules<'a> {
    fn new(layout: &'a mut TensorList, config: &'a SeanetConfig, path: &'static str) -> Self {
        Self {
            layout,
            config,
            path,
            index: 0,
        }
    }

    fn activation(&mut self) {
        self.index += 1;
    }

    fn conv(&mut self, input: usize, output: usize, kernel: usize) {
        self.weight_and_bias("conv", [output, input, kernel], output);
        self.index += 1;
    }

    fn conv_transpose(&mut self, input: usize, output: usize, kernel: usize) {
        self.weight_and_bias("convtr", [input, output, kernel], output);
        self.index += 1;
    }

    /// Counterpart of `SEANetResnetBlock`, as many times as the configuration says.
    fn residual_blocks(&mut self, width: usize) {
        let kernel = self.config.residual_kernel_size;
        for _ in 0..self.config.n_residual_layers {
            let hidden = width / self.config.compress;
            self.weight_and_bias("block.1.conv", [hidden, width, kernel], hidden);
            self.weight_and_bias("block.3.conv", [width, hidden, 1], width);
            self.index += 1;
        }
    }

    fn weight_and_bias(&mut self, name: &str, weight: [usize; 3], bias: usize) {
        let path = format!("{}.{}.{name}", self.path, self.index);
        self.layout.push(format!("{path}.weight"), weight);
        self.layout.push(format!("{path}.bias"), [bias]);
    }
}
