//! The outputs of one call.

use crate::RuntimeError;
use tensor::Tensor;

/// The outputs of one call, except states, by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Outputs {
    graph: String,
    values: Vec<(String, Tensor)>,
}

impl Outputs {
    /// The values that `graph` returned, by name.
    pub fn new(graph: String, values: Vec<(String, Tensor)>) -> Self {
        Self { graph, values }
    }

    /// The output `name`.
    pub fn get(&self, name: &str) -> Result<&Tensor, RuntimeError> {
        let found = self.values.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value).ok_or_else(|| self.none(name))
    }

    /// The output `name`, moved out of the set.
    pub fn take(&mut self, name: &str) -> Result<Tensor, RuntimeError> {
        let found = self.values.iter().position(|(n, _)| n == name);
        match found {
            Some(index) => Ok(self.values.swap_remove(index).1),
            None => Err(self.none(name)),
        }
    }

    fn none(&self, name: &str) -> RuntimeError {
        RuntimeError::NoOutput {
            graph: self.graph.clone(),
            output: name.to_owned(),
        }
    }
}

impl IntoIterator for Outputs {
    type Item = (String, Tensor);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.values.into_iter()
    }
}
