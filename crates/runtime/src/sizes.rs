//! Checks that tensors have the shapes in the manifest.

use bundle::{Dim, TensorInfo};
use tensor::TensorView;

use crate::RuntimeError;

/// The sizes that symbols have in one call.
pub(crate) struct SymbolSizes<'a> {
    graph: &'a str,
    bound: Vec<Bound<'a>>,
}

/// A symbol, its size, and the first tensor that had it.
struct Bound<'a> {
    symbol: &'a str,
    size: usize,
    tensor: &'a str,
}

impl<'a> SymbolSizes<'a> {
    /// No sizes are known yet. `graph` is for messages.
    pub(crate) fn new(graph: &'a str) -> Self {
        Self {
            graph,
            bound: Vec::new(),
        }
    }

    /// Compares `value` with the manifest, and records the sizes of new symbols.
    pub(crate) fn bind(
        &mut self,
        info: &'a TensorInfo,
        value: TensorView<'_>,
    ) -> Result<(), RuntimeError> {
        if value.dtype() != info.dtype {
            return Err(RuntimeError::DType {
                graph: self.graph.to_owned(),
                tensor: info.name.clone(),
                expected: info.dtype,
                actual: value.dtype(),
            });
        }
        let fits = value.shape().len() == info.shape.len()
            && (value.shape().iter().zip(&info.shape))
                .all(|(size, dim)| matches!(dim, Dim::Symbol(_)) || *dim == Dim::Fixed(*size));
        if !fits {
            return Err(RuntimeError::Shape {
                graph: self.graph.to_owned(),
                tensor: info.name.clone(),
                expected: shape(&info.shape),
                actual: value.shape().to_vec(),
            });
        }
        for (&size, dim) in value.shape().iter().zip(&info.shape) {
            if let Dim::Symbol(symbol) = dim {
                self.bind_symbol(symbol, size, &info.name)?;
            }
        }
        Ok(())
    }

    fn bind_symbol(
        &mut self,
        symbol: &'a str,
        size: usize,
        tensor: &'a str,
    ) -> Result<(), RuntimeError> {
        match self.bound.iter().find(|b| b.symbol == symbol) {
            Some(b) if b.size != size => Err(RuntimeError::Symbol {
                graph: self.graph.to_owned(),
                symbol: symbol.to_owned(),
                tensor: tensor.to_owned(),
                size,
                other: b.tensor.to_owned(),
                other_size: b.size,
            }),
            Some(_) => Ok(()),
            None => {
                self.bound.push(Bound {
                    symbol,
                    size,
                    tensor,
                });
                Ok(())
            }
        }
    }
}

/// A shape as the manifest writes it: `[1, past, 16, 64]`.
pub(crate) fn shape(dims: &[Dim]) -> String {
    let dims: Vec<_> = dims.iter().map(ToString::to_string).collect();
    format!("[{}]", dims.join(", "))
}
