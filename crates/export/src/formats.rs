//! Which component's weights are stored how.

use bundle::{ComponentName, Format};

/// A format for every component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formats([Format; ComponentName::ALL.len()]);

impl Formats {
    /// The format that a component has unless another is asked for.
    pub fn default_of(component: ComponentName) -> Format {
        match component {
            ComponentName::TextConditioner
            | ComponentName::FlowLm
            | ComponentName::FlowNet
            | ComponentName::MimiEncoder
            | ComponentName::MimiDecoder => Format::F32,
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
