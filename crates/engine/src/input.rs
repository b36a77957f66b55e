//! What a module takes.

use bundle::DType;

/// An input of a module.
#[derive(Clone, Debug)]
pub(crate) struct ModuleInput {
    pub(crate) name: &'static str,
    pub(crate) dtype: DType,
    pub(crate) shape: Vec<InputDim>,
}

/// One size of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InputDim {
    Fixed(usize),
    /// Free, but the same in all inputs that name it.
    Free(&'static str),
}

impl ModuleInput {
    pub(crate) fn f32(name: &'static str, shape: &[InputDim]) -> Self {
        Self {
            name,
            dtype: DType::F32,
            shape: shape.to_vec(),
        }
    }
}
