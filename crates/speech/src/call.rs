//! A call of a component that the host has to make.

use bundle::ComponentName;
use tensor::{Tensor, TensorView};

use crate::SpeechError;

/// A component to run once, with its inputs by name. The host adds states and position.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The component.
    pub component: ComponentName,
    /// Its inputs except the states and the position.
    pub inputs: Vec<(&'static str, Tensor)>,
}

impl Call {
    /// The inputs, borrowed.
    pub fn views(&self) -> Vec<(&str, TensorView<'_>)> {
        let inputs = self.inputs.iter();
        inputs
            .map(|(name, tensor)| (*name, tensor.view()))
            .collect()
    }
}

/// The outputs of one call, by name.
pub(crate) struct CallOutputs {
    component: ComponentName,
    values: Vec<(String, Tensor)>,
}

impl CallOutputs {
    /// The outputs of `component`.
    pub(crate) fn new(
        component: ComponentName,
        values: impl IntoIterator<Item = (String, Tensor)>,
    ) -> Self {
        Self {
            component,
            values: values.into_iter().collect(),
        }
    }

    /// The output `name`, which must contain only finite numbers.
    pub(crate) fn take(&mut self, name: &'static str) -> Result<Tensor, SpeechError> {
        let component = self.component;
        let index = self.values.iter().position(|(n, _)| n == name);
        let index = index.ok_or(SpeechError::NoOutput {
            component,
            output: name,
        })?;
        let (_, tensor) = self.values.swap_remove(index);
        let values = tensor.as_f32().ok_or(SpeechError::NoOutput {
            component,
            output: name,
        })?;
        if values.iter().all(|value| value.is_finite()) {
            Ok(tensor)
        } else {
            Err(SpeechError::NotFinite {
                component,
                output: name,
            })
        }
    }
}
