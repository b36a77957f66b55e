//! Which component's weights are stored how.

use bundle::{ComponentName, Format};
use config::Config;

/// Weights of the backbone from which on bytes matter more than exactness.
const LARGE: u64 = 150_000_000;

/// The formats that are asked for, by component; others follow from the model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Formats([Option<Format>; ComponentName::ALL.len()]);

impl Formats {
    /// The format that a component has unless another is asked for: the smallest that quality
    /// allows (`cargo xtask bench quality`).
    ///
    /// Bytes decide how long a step of the backbone takes, and 4 bits lose too much. 6 bits lose
    /// between two and three times as much as 8, which is worth it where a step reads hundreds
    /// of megabytes: a page then speaks a tenth faster with one thread, and its user loads a
    /// fifth less. The codec's error has to stay 50 dB below the level of speech, in quiet
    /// frames too, which 8 bits do not reach.
    pub fn default_of(component: ComponentName, config: &Config) -> Format {
        match component {
            ComponentName::FlowLm if weights(config) >= LARGE => Format::Q6,
            ComponentName::TextConditioner | ComponentName::FlowLm | ComponentName::FlowNet => {
                Format::Q8
            }
            ComponentName::MimiEncoder | ComponentName::MimiDecoder => Format::Q16,
        }
    }

    /// One format for all.
    pub fn all(format: Format) -> Self {
        Self(ComponentName::ALL.map(|_| Some(format)))
    }

    /// The same formats but for one component.
    #[must_use]
    pub fn with(mut self, component: ComponentName, format: Format) -> Self {
        self.0[component as usize] = Some(format);
        self
    }

    /// The format of a component of the model.
    pub fn of(&self, component: ComponentName, config: &Config) -> Format {
        self.0[component as usize].unwrap_or_else(|| Self::default_of(component, config))
    }
}

/// Weights of the backbone's layers.
fn weights(config: &Config) -> u64 {
    let tensors = config.tensors().into_iter();
    let layers = tensors.filter(|tensor| tensor.key.starts_with("flow_lm.transformer."));
    layers.map(|tensor| tensor.values()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_backbones_are_stored_in_fewer_bits() {
        let mut small = 0;
        for variant in config::Variant::all() {
            let config = variant.config();
            let format = Formats::default().of(ComponentName::FlowLm, &config);
            let large = config.flow_lm.transformer.num_layers == 24;
            assert_eq!(format == Format::Q6, large, "{}", variant.name);
            small += usize::from(!large);
            let asked = Formats::default().with(ComponentName::FlowLm, Format::F32);
            assert_eq!(asked.of(ComponentName::FlowLm, &config), Format::F32);
            assert_eq!(asked.of(ComponentName::FlowNet, &config), Format::Q8);
        }
        assert!(small > 0);
    }
}
