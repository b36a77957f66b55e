//! The rules of a `SEANet`.

use super::{ConfigSection, MAX_SPAN, MAX_WIDTH};
use crate::{ConfigError, SeanetConfig};

/// Bound of a kernel, in taps.
const MAX_KERNEL: usize = 1 << 10;
/// Bound of the number of ratios; each doubles the width.
const MAX_RATIOS: usize = 16;
/// Bound of the residual blocks of one ratio.
const MAX_RESIDUAL_LAYERS: usize = 64;

impl SeanetConfig {
    /// Checks one `SEANet` on its own; after it `hop_length` cannot overflow.
    pub(super) fn validate(&self, section: ConfigSection<'_>) -> Result<(), ConfigError> {
        section.size("dimension", self.dimension, MAX_WIDTH)?;
        section.require(self.channels == 1, "channels", || {
            format!("is {}, only mono audio is supported", self.channels)
        })?;
        section.size("kernel_size", self.kernel_size, MAX_KERNEL)?;
        section.size(
            "residual_kernel_size",
            self.residual_kernel_size,
            MAX_KERNEL,
        )?;
        section.size("last_kernel_size", self.last_kernel_size, MAX_KERNEL)?;
        self.validate_ratios(section)?;
        self.validate_widths(section)?;
        self.validate_dilation(section)
    }

    fn validate_ratios(&self, section: ConfigSection<'_>) -> Result<(), ConfigError> {
        let count = self.ratios.len();
        section.require((1..=MAX_RATIOS).contains(&count), "ratios", || {
            format!("holds {count} strides, expected 1 to {MAX_RATIOS}")
        })?;
        let hop = self
            .ratios
            .iter()
            .try_fold(1, |hop: usize, &ratio| hop.checked_mul(ratio));
        let possible = hop.is_some_and(|hop| (1..=MAX_SPAN).contains(&hop));
        section.require(possible, "ratios", || {
            let ratios = &self.ratios;
            format!("is {ratios:?}, expected strides whose product is 1 to {MAX_SPAN}")
        })
    }

    fn validate_widths(&self, section: ConfigSection<'_>) -> Result<(), ConfigError> {
        let filters = self.n_filters;
        section.size("n_filters", filters, MAX_WIDTH >> self.ratios.len())?;
        section.size("compress", self.compress, MAX_WIDTH)?;
        let kept = self.n_residual_layers == 0 || self.compress <= filters;
        section.require(kept, "compress", || {
            let compress = self.compress;
            format!("is {compress}, which leaves no channel of n_filters, {filters}")
        })
    }

    fn validate_dilation(&self, section: ConfigSection<'_>) -> Result<(), ConfigError> {
        let layers = self.n_residual_layers;
        section.require(layers <= MAX_RESIDUAL_LAYERS, "n_residual_layers", || {
            format!("is {layers}, expected at most {MAX_RESIDUAL_LAYERS}")
        })?;
        section.size("dilation_base", self.dilation_base, MAX_SPAN)?;
        let reach = self
            .dilation_base
            .checked_pow(layers.saturating_sub(1) as u32)
            .and_then(|dilation| dilation.checked_mul(self.residual_kernel_size));
        let possible = reach.is_some_and(|reach| reach <= MAX_SPAN);
        section.require(possible, "dilation_base", || {
            format!(
                "is {}, so the last of {layers} residual blocks reaches more than {MAX_SPAN} \
                 samples back",
                self.dilation_base
            )
        })
    }
}
