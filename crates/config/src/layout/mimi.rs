//! Counterpart of `MimiModel`'s parameters in pocket-tts.

use super::{LayerWidths, TensorList};
use crate::{Config, MimiTransformerConfig};

impl TensorList {
    /// The audio codec.
    pub(super) fn mimi(&mut self, config: &Config) {
        let mimi = &config.mimi;
        self.seanet_encoder(&mimi.seanet);
        self.seanet_decoder(config.mimi.decoder_seanet());
        self.projected_transformer("mimi.encoder_transformer", &mimi.transformer);
        self.projected_transformer(
            "mimi.decoder_transformer",
            config.mimi.decoder_transformer(),
        );
        let quantizer = &mimi.quantizer;
        self.push(
            "mimi.quantizer.output_proj.weight",
            [quantizer.output_dimension, quantizer.dimension, 1],
        );
        let stride = config.mimi.positions_per_frame();
        if stride > 1 {
            self.push(
                "mimi.downsample.conv.conv.weight",
                [config.mimi.inner_dim(), mimi.seanet.dimension, 2 * stride],
            );
            self.push(
                "mimi.upsample.convtr.convtr.weight",
                [config.mimi.outer_dim(), 1, 2 * stride],
            );
        }
    }

    /// Counterpart of `ProjectedTransformer` in pocket-tts.
    fn projected_transformer(&mut self, path: &str, transformer: &MimiTransformerConfig) {
        let d_model = transformer.d_model;
        let widths = LayerWidths {
            model: d_model,
            queries: d_model,
            keys: d_model,
            feedforward: transformer.dim_feedforward,
        };
        for index in 0..transformer.num_layers {
            let path = format!("{path}.transformer.layers.{index}");
            self.transformer_layer(&path, &widths);
            self.push(format!("{path}.layer_scale_1.scale"), [d_model]);
            self.push(format!("{path}.layer_scale_2.scale"), [d_model]);
        }
        let input = transformer.input_dimension;
        if input != d_model {
            self.push(format!("{path}.input_proj.weight"), [d_model, input]);
        }
        for (index, &output) in transformer.output_dimensions.iter().enumerate() {
            if output != d_model {
                self.push(
                    format!("{path}.output_projs.{index}.weight"),
                    [output, d_model],
                );
            }
        }
    }
}
