//! What a parameter is used for, and so how it is stored in the data file.
//!
//! A matrix has inputs and outputs, a checkpoint's weights have other axes:
//!
#![doc = include_str!("layout.md")]

use crate::{Element, Matrix, PANEL, QUANT_BLOCK, Scales, TableLayout, WeightFormat};

/// What a parameter is used for. Shapes are the checkpoint's; which inputs and outputs the matrix of
/// a convolution has is said once, in `layout.md`, which is part of `docs/bundle.md` too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Plain numbers of any shape, which stay as they are.
    Vector,
    /// A table `[rows, width]` whose rows are looked up.
    Table,
    /// The weight `[out, in]` of a linear layer.
    Linear,
    /// The weight `[out, in, kernel]` of a convolution.
    Convolution,
    /// The weight `[in, out, 2 * stride]` of a transposed convolution.
    TransposedConvolution,
}

/// How the values of a parameter are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// f32 numbers in the checkpoint's order, so many.
    Vector(usize),
    /// Row by row.
    Table(TableLayout),
    /// In panels.
    Matrix(Matrix),
}

/// A tensor of the data file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Number type.
    pub element: Element,
    /// Sizes, outermost first.
    pub dims: Vec<usize>,
    /// Bytes.
    pub size: u64,
}

impl Layout {
    /// How a parameter of that shape is stored in a graph of that format; `None` where the
    /// shape is not that of such a parameter.
    pub fn packing(self, shape: &[usize], format: WeightFormat) -> Option<Packing> {
        let matrix = |inputs, outputs| {
            Some(Packing::Matrix(Matrix {
                format,
                inputs,
                outputs,
            }))
        };
        match (self, shape) {
            (Self::Vector, _) => Some(Packing::Vector(shape.iter().product())),
            (Self::Table, &[rows, width]) => {
                Some(Packing::Table(TableLayout::new(format, rows, width)))
            }
            (Self::Linear, &[outputs, inputs]) => matrix(inputs, outputs),
            (Self::Convolution, &[outputs, inputs, kernel]) => matrix(kernel * inputs, outputs),
            (Self::TransposedConvolution, &[inputs, outputs, kernel]) if kernel % 2 == 0 => {
                matrix(2 * inputs, kernel / 2 * outputs)
            }
            _ => None,
        }
    }
}

impl Packing {
    /// The tensor of the values; `shape` is that of a vector.
    pub fn values(&self, shape: &[usize]) -> Stored {
        match self {
            Self::Vector(count) => Stored {
                element: Element::F32,
                dims: shape.to_vec(),
                size: 4 * *count as u64,
            },
            Self::Table(table) => Stored {
                element: table.table_format().element(),
                dims: vec![table.rows, table.width],
                size: table.bytes() as u64,
            },
            Self::Matrix(matrix) => {
                let facts = matrix.format.facts();
                let cells = matrix.padded_inputs() / facts.cell_inputs;
                let dims = [matrix.panels(), cells].into_iter();
                Stored {
                    element: facts.element,
                    dims: dims.chain(facts.cell.iter().copied()).collect(),
                    size: matrix.bytes() as u64,
                }
            }
        }
    }

    /// The tensor of the scales, where there are some.
    pub fn scales(&self) -> Option<Stored> {
        let (element, dims, size) = match self {
            Self::Vector(_) => return None,
            Self::Table(table) => (Element::F32, vec![table.rows, 1], table.scale_bytes()),
            Self::Matrix(matrix) => {
                let panels = matrix.panels();
                let (element, dims) = match matrix.format.facts().scales {
                    Scales::None => return None,
                    Scales::Output => (Element::F32, vec![panels * PANEL]),
                    Scales::Block { .. } => {
                        let blocks = matrix.padded_inputs() / QUANT_BLOCK;
                        (Element::I8, vec![panels, 1 + blocks, PANEL])
                    }
                };
                (element, dims, matrix.scale_bytes())
            }
        };
        (size > 0).then_some(Stored {
            element,
            dims,
            size: size as u64,
        })
    }

    /// The format of the values.
    pub fn format(&self) -> WeightFormat {
        match self {
            Self::Vector(_) => WeightFormat::F32,
            Self::Table(table) => table.format,
            Self::Matrix(matrix) => matrix.format,
        }
    }
}
