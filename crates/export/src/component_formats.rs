//! Which component's weights are stored how.

use bundle::{ComponentName, WeightFormat};
use config::Config;

/// Weights of the backbone from which on bytes matter more than exactness.
const LARGE_BACKBONE: u64 = 150_000_000;

/// How the weights of one component's graph are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GraphFormats {
    /// Those of most layers.
    pub weights: WeightFormat,
    /// Those of slow layers, where that is another format: of the decoder, what works at the rate of its
    /// transformer.
    pub slow: Option<WeightFormat>,
}

impl From<WeightFormat> for GraphFormats {
    fn from(weights: WeightFormat) -> Self {
        let slow = None;
        Self { weights, slow }
    }
}

/// The formats that are asked for, by component; others follow from the model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ComponentFormats([Option<GraphFormats>; ComponentName::ALL.len()]);

impl ComponentFormats {
    /// The default format of a component: the smallest that sounds like f32, if that is known (`cargo
    /// xtask bench listen`, of `starling`), and otherwise the smallest that its error allows (`cargo
    /// xtask bench quality`).
    ///
    /// - **Backbone**: bytes decide how long a step takes. With 8 bits and with 6 `starling` is
    ///   heard as with f32; with 4 it ends elsewhere twice as often as with 6, and one of its two
    ///   voices scores at the limit. 6 bits are worth their larger error if a step reads hundreds of
    ///   megabytes: a page then speaks a tenth faster with one thread, and its user loads a fifth
    ///   less. A smaller backbone keeps 8: what wider models lose by 6 was not heard.
    /// - **Decoder**: with 8 bits the quietest tenth of the sound is 1.5 dB louder, which is hiss,
    ///   though as many words are understood. The hiss comes from the fast layers, so only those
    ///   have 16; with 8 in the slow ones, nine tenths of the weights, it is as quiet as with f32.
    /// - **Encoder**: with 8 bits `starling`'s voices are heard as before, but it has two voices to
    ///   choose from, and cannot show whether a stranger's is still like him. Only a page that
    ///   clones loads it, so 16 bits stay.
    pub fn default_of(component: ComponentName, config: &Config) -> GraphFormats {
        match component {
            ComponentName::FlowLm if weights(config) >= LARGE_BACKBONE => WeightFormat::Q6.into(),
            ComponentName::TextConditioner | ComponentName::FlowLm | ComponentName::FlowNet => {
                WeightFormat::Q8.into()
            }
            ComponentName::MimiEncoder => WeightFormat::Q16.into(),
            ComponentName::MimiDecoder => GraphFormats {
                weights: WeightFormat::Q16,
                slow: Some(WeightFormat::Q8),
            },
        }
    }

    /// One format for all.
    pub fn all(format: WeightFormat) -> Self {
        Self(ComponentName::ALL.map(|_| Some(format.into())))
    }

    /// These formats, with others for `component`.
    #[must_use]
    pub fn with(mut self, component: ComponentName, formats: impl Into<GraphFormats>) -> Self {
        let mut formats = formats.into();
        // What is read from a bundle tells slow layers by their format.
        formats.slow = formats.slow.filter(|slow| *slow != formats.weights);
        self.0[component as usize] = Some(formats);
        self
    }

    /// The formats of a component of the model.
    pub fn of(&self, component: ComponentName, config: &Config) -> GraphFormats {
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
            let format = ComponentFormats::default()
                .of(ComponentName::FlowLm, &config)
                .weights;
            let large = config.flow_lm.transformer.num_layers == 24;
            assert_eq!(format == WeightFormat::Q6, large, "{}", variant.name);
            small += usize::from(!large);
            let asked = ComponentFormats::default().with(ComponentName::FlowLm, WeightFormat::F32);
            assert_eq!(
                asked.of(ComponentName::FlowLm, &config).weights,
                WeightFormat::F32
            );
            assert_eq!(
                asked.of(ComponentName::FlowNet, &config).weights,
                WeightFormat::Q8
            );
        }
        assert!(small > 0);
    }

    #[test]
    fn slow_layers_in_the_same_format_are_like_the_others() {
        let config = config::Variant::all()[0].config();
        let slow = Some(WeightFormat::Q6);
        for (weights, expected) in [(WeightFormat::Q16, slow), (WeightFormat::Q6, None)] {
            let asked = GraphFormats { weights, slow };
            let formats = ComponentFormats::default().with(ComponentName::MimiDecoder, asked);
            let found = formats.of(ComponentName::MimiDecoder, &config);
            assert_eq!((found.weights, found.slow), (weights, expected));
        }
    }
}
