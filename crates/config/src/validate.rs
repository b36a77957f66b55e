//! Refuses configurations that no model can have, before anything is computed from them.
//!
//! Upstream finds most of these mistakes as a failed assertion or a shape mismatch deep in
//! `PyTorch`; here each names the key at fault. The bounds are far above any released model
//! and keep every later product of widths inside its integer type.

mod flow_lm;
mod mimi;
mod seanet;

use crate::{Config, ConfigError, MOST_WORD_HEADS, WordHead};

/// Bound of a width, in channels.
const MAX_WIDTH: usize = 1 << 16;
/// Bound of the number of layers of a transformer or blocks of a net.
const MAX_LAYERS: usize = 1 << 10;
/// Bound of a time span: positions, samples of a frame, samples a kernel reaches back.
const MAX_SPAN: usize = 1 << 20;

impl Config {
    /// Checks that a model can be built from this configuration.
    ///
    /// The error names the first key at fault. [`Config::from_yaml`] has called it already;
    /// a configuration made by hand has to be checked before its other methods are used.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.flow_lm.validate()?;
        self.mimi.validate()?;
        let root = ConfigSection("");
        if let Some(frames) = self.model_recommended_frames_after_eos {
            root.require(
                frames as usize <= MAX_SPAN,
                "model_recommended_frames_after_eos",
                || format!("is {frames}, expected at most {MAX_SPAN}"),
            )?;
        }
        let temperature = self.default_temperature;
        root.require(
            temperature.is_finite() && temperature >= 0.0,
            "default_temperature",
            || format!("is {temperature}, expected a variance of 0 or more"),
        )?;
        let threshold = self.default_eos_threshold;
        root.require(threshold.is_finite(), "default_eos_threshold", || {
            format!("is {threshold}, expected a finite number")
        })?;
        if let Some(heads) = &self.timestamp_heads {
            let transformer = &self.flow_lm.transformer;
            let (layers, count) = (transformer.num_layers, transformer.num_heads);
            root.require(
                (1..=MOST_WORD_HEADS).contains(&heads.len()),
                "timestamp_heads",
                || format!("lists {}, expected 1 to {MOST_WORD_HEADS}", heads.len()),
            )?;
            for &WordHead { layer, head } in heads {
                root.require(layer < layers && head < count, "timestamp_heads", || {
                    format!(
                        "lists head {head} of layer {layer}, where there are {layers} layers of \
                         {count} heads"
                    )
                })?;
            }
        }
        Ok(())
    }
}

/// A mapping of the configuration under check, by the path of its key.
#[derive(Clone, Copy)]
struct ConfigSection<'a>(&'a str);

impl ConfigSection<'_> {
    /// Fails with `reason` about `key` of this mapping unless `holds`.
    fn require(
        self,
        holds: bool,
        key: &str,
        reason: impl FnOnce() -> String,
    ) -> Result<(), ConfigError> {
        if holds {
            return Ok(());
        }
        let key = match self.0 {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        };
        let reason = reason();
        Err(ConfigError::Invalid { key, reason })
    }

    /// Fails unless `value` lies between 1 and `max`.
    fn size(self, key: &str, value: usize, max: usize) -> Result<(), ConfigError> {
        self.require((1..=max).contains(&value), key, || {
            format!("is {value}, expected 1 to {max}")
        })
    }

    /// Fails if `value` is there but not between 1 and `max`.
    fn optional_size(self, key: &str, value: Option<usize>, max: usize) -> Result<(), ConfigError> {
        value.map_or(Ok(()), |value| self.size(key, value, max))
    }

    /// Fails unless `dtype` is the one that every released model computes in.
    fn dtype(self, dtype: &str) -> Result<(), ConfigError> {
        self.require(dtype == "float32", "dtype", || {
            format!("is {dtype:?}, only \"float32\" is supported")
        })
    }

    /// Fails unless `width` divides into `heads` of an even width, as `RoPE` turns pairs.
    fn heads(self, key: &str, width: usize, heads: usize) -> Result<(), ConfigError> {
        self.size("num_heads", heads, width)?;
        self.require(width.is_multiple_of(heads), key, || {
            format!("is {width}, which does not divide into {heads} heads")
        })?;
        let head = width / heads;
        self.require(head.is_multiple_of(2), key, || {
            format!("gives heads of width {head}, but rotary embedding needs an even width")
        })
    }
}
