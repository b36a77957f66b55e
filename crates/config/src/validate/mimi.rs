//! The rules of the `mimi` half: above all, which widths have to be equal.

use super::{ConfigSection, MAX_LAYERS, MAX_SPAN, MAX_WIDTH};
use crate::{ConfigError, MimiConfig, MimiTransformerConfig, SeanetConfig};

const ENCODER_SEANET: ConfigSection<'_> = ConfigSection("mimi.seanet");
const ENCODER_TRANSFORMER: ConfigSection<'_> = ConfigSection("mimi.transformer");
const DECODER_SEANET: ConfigSection<'_> = ConfigSection("mimi.decoder_seanet");
const DECODER_TRANSFORMER: ConfigSection<'_> = ConfigSection("mimi.decoder_transformer");

impl MimiConfig {
    /// The half of [`Config::validate`](crate::Config::validate) that needs no backbone.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let section = ConfigSection("mimi");
        section.dtype(&self.dtype)?;
        section.require(self.channels == 1, "channels", || {
            format!("is {}, only mono audio is supported", self.channels)
        })?;
        self.seanet.validate(ENCODER_SEANET)?;
        self.transformer.validate(ENCODER_TRANSFORMER)?;
        if let Some(seanet) = &self.decoder_seanet {
            seanet.validate(DECODER_SEANET)?;
            let (hop, encoder) = (seanet.hop_length(), self.seanet.hop_length());
            DECODER_SEANET.require(hop == encoder, "ratios", || {
                format!(
                    "make {hop} samples a position, but those of mimi.seanet take {encoder}; \
                     they have to be equal"
                )
            })?;
        }
        if let Some(transformer) = &self.decoder_transformer {
            transformer.validate(DECODER_TRANSFORMER)?;
        }
        let quantizer = ConfigSection("mimi.quantizer");
        quantizer.size("dimension", self.quantizer.dimension, MAX_WIDTH)?;
        let output = self.quantizer.output_dimension;
        quantizer.size("output_dimension", output, MAX_WIDTH)?;
        section.optional_size("inner_dim", self.inner_dim, MAX_WIDTH)?;
        section.optional_size("outer_dim", self.outer_dim, MAX_WIDTH)?;
        let stride = self.validate_rates(section)?;
        self.validate_encoder(stride)?;
        self.validate_decoder(stride)
    }

    /// Checks the rates and gives the transformer positions per latent frame.
    fn validate_rates(&self, section: ConfigSection<'_>) -> Result<usize, ConfigError> {
        section.size("sample_rate", self.sample_rate as usize, MAX_SPAN)?;
        let rate = self.frame_rate;
        section.require(rate.is_finite() && rate > 0.0, "frame_rate", || {
            format!("is {rate}, expected a rate above 0")
        })?;
        // The same divisions as upstream's, so that rounding falls the same way.
        let sample_rate = f64::from(self.sample_rate);
        let hop = self.seanet.hop_length();
        let position_rate = sample_rate / hop as f64;
        let stride = position_rate / rate;
        let whole = stride >= 1.0 && stride <= MAX_SPAN as f64 && stride.fract() == 0.0;
        section.require(whole, "frame_rate", || {
            format!(
                "is {rate}, which is not {position_rate} positions a second (sample_rate over \
                 the product of mimi.seanet.ratios) divided by a whole number"
            )
        })?;
        let positions = stride as usize;
        let frame = hop.saturating_mul(positions);
        section.require(frame <= MAX_SPAN, "frame_rate", || {
            format!("is {rate}, which makes a frame of more than {MAX_SPAN} samples")
        })?;
        let exact = (sample_rate / rate) as usize == frame
            && (positions > 1 || same_bits(position_rate, rate));
        section.require(exact, "frame_rate", || {
            format!("is {rate}, which is too inexact to make frames of {frame} samples")
        })?;
        Ok(positions)
    }

    /// Samples to latents: `SEANet`, transformer, downsampling where `stride` is above 1.
    fn validate_encoder(&self, stride: usize) -> Result<(), ConfigError> {
        let (dimension, inner) = (self.seanet.dimension, self.inner_dim);
        let transformer = &self.transformer;
        ENCODER_TRANSFORMER.require(
            transformer.input_dimension == dimension,
            "input_dimension",
            || {
                unlike(
                    transformer.input_dimension,
                    "mimi.seanet.dimension",
                    dimension,
                )
            },
        )?;
        let (key, expected) = match inner {
            Some(inner) if stride == 1 => ("mimi.inner_dim", inner),
            _ => ("mimi.seanet.dimension", dimension),
        };
        transformer.validate_output(ENCODER_TRANSFORMER, key, expected)
    }

    /// Latents to samples: quantizer, upsampling where `stride` is above 1, transformer, `SEANet`.
    fn validate_decoder(&self, stride: usize) -> Result<(), ConfigError> {
        let (seanet, seanet_key) = self.decoder_seanet.as_ref().map_or(
            (&self.seanet, "mimi.seanet.dimension"),
            |seanet: &SeanetConfig| (seanet, "mimi.decoder_seanet.dimension"),
        );
        let (transformer, section) = self
            .decoder_transformer
            .as_ref()
            .map_or((&self.transformer, ENCODER_TRANSFORMER), |transformer| {
                (transformer, DECODER_TRANSFORMER)
            });
        let dimension = seanet.dimension;
        let (quantizer, output) = (
            ConfigSection("mimi.quantizer"),
            self.quantizer.output_dimension,
        );
        let input = transformer.input_dimension;
        if stride == 1 {
            section.require(input == output, "input_dimension", || {
                unlike(input, "mimi.quantizer.output_dimension", output)
            })?;
        } else {
            let outer = self.outer_dim.unwrap_or(dimension);
            ConfigSection("mimi").require(outer.is_multiple_of(dimension), "outer_dim", || {
                format!(
                    "is {outer}, but the upsampling works in as many groups as {seanet_key}, \
                     {dimension}, which has to divide it"
                )
            })?;
            quantizer.require(output == outer, "output_dimension", || {
                let key = self.outer_dim.map_or(seanet_key, |_| "mimi.outer_dim");
                unlike(output, key, outer)
            })?;
            section.require(input == dimension, "input_dimension", || {
                unlike(input, seanet_key, dimension)
            })?;
        }
        transformer.validate_output(section, seanet_key, dimension)
    }
}

impl MimiTransformerConfig {
    fn validate(&self, section: ConfigSection<'_>) -> Result<(), ConfigError> {
        section.size("d_model", self.d_model, MAX_WIDTH)?;
        section.heads("d_model", self.d_model, self.num_heads)?;
        section.size("num_layers", self.num_layers, MAX_LAYERS)?;
        section.size("context", self.context, MAX_SPAN)?;
        section.size("dim_feedforward", self.dim_feedforward, MAX_WIDTH)?;
        section.size("input_dimension", self.input_dimension, MAX_WIDTH)?;
        let period = self.max_period;
        section.require(period.is_finite() && period > 0.0, "max_period", || {
            format!("is {period}, expected a period above 0")
        })?;
        section.require(self.layer_scale.is_finite(), "layer_scale", || {
            format!("is {}, expected a finite number", self.layer_scale)
        })
    }

    /// Checks that there is one output, as wide as what reads it.
    fn validate_output(
        &self,
        section: ConfigSection<'_>,
        key: &str,
        expected: usize,
    ) -> Result<(), ConfigError> {
        let key_at_fault = "output_dimensions";
        let [output] = self.output_dimensions[..] else {
            return section.require(false, key_at_fault, || {
                let count = self.output_dimensions.len();
                format!("holds {count} widths, the codec uses exactly one")
            });
        };
        section.require(output == expected, key_at_fault, || {
            unlike(output, key, expected)
        })
    }
}

fn unlike(value: usize, key: &str, expected: usize) -> String {
    format!("is {value}, but {key} is {expected}; they have to be equal")
}

/// Equality of two positive rates, which upstream tests to leave out the resampling.
fn same_bits(left: f64, right: f64) -> bool {
    left.to_bits() == right.to_bits()
}
