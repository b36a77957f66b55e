//! Which component's weights are stored how.

use bundle::{ComponentName, Format};

/// A format for every component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formats([Format; ComponentName::ALL.len()]);

impl Formats {
    /// The format that a component has unless another is asked for: the smallest that quality
    /// allows (`cargo xtask bench quality`). Bytes decide how long a step of the backbone takes,
    /// and 4 bits lose too much. The codec's error has to stay 50 dB below the level of speech,
    /// in quiet frames too, which 8 bits do not reach.
    pub fn default_of(component: ComponentName) -> Format {
        match component {
            ComponentName::TextConditioner | ComponentName::FlowLm | ComponentName::FlowNet => {
                Format::Q8
            }
            ComponentName::MimiEncoder | ComponentName::MimiDecoder => Format::Q16,
        }
    }

    /// One format for all.
    pub fn all(format: Format) -> Self {
        Self(ComponentName::ALL.map(|_| format))
    }

    /// The same formats but for one component.
    #[must_use]
    pub fn with(mut self, component: ComponentName, format: Format) -> Self {
        self.0[component as usize] = format;
        self
    }

    /// The format of a component.
    pub fn of(&self, component: ComponentName) -> Format {
        self.0[component as usize]
    }
}

impl Default for Formats {
    fn default() -> Self {
        Self(ComponentName::ALL.map(Self::default_of))
    }
}
