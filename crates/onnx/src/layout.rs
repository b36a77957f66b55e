//! How a parameter is used, and so how it lies in the data file.

use weights::{BLOCK, Format, Matrix, PANEL, Table};

use crate::proto::tensor_proto::DataType;

/// What a parameter is to the graph. Shapes are the checkpoint's.
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
    Table(Table),
    /// In panels.
    Matrix(Matrix),
}

/// A tensor of the data file, as ONNX describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Number format.
    pub element: DataType,
    /// Sizes, outermost first.
    pub dims: Vec<usize>,
    /// Bytes.
    pub size: u64,
}

impl Layout {
    /// How a parameter of that shape is stored in a graph of that format; `None` where the
    /// shape is not that of such a parameter.
    pub fn packing(self, shape: &[usize], format: Format) -> Option<Packing> {
        let matrix = |inputs, outputs| {
            Some(Packing::Matrix(Matrix {
                format,
                inputs,
                outputs,
            }))
        };
        match (self, shape) {
            (Self::Vector, _) => Some(Packing::Vector(shape.iter().product())),
            (Self::Table, &[rows, width]) => Some(Packing::Table(Table::new(format, rows, width))),
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
                element: DataType::Float,
                dims: shape.to_vec(),
                size: 4 * *count as u64,
            },
            Self::Table(table) => Stored {
                element: element(table.format),
                dims: vec![table.rows, table.width],
                size: table.bytes() as u64,
            },
            Self::Matrix(matrix) => {
                let (panels, inputs) = (matrix.panels(), matrix.padded_inputs());
                Stored {
                    element: element(matrix.format),
                    dims: match matrix.format {
                        Format::F32 | Format::Bf16 => vec![panels, inputs, PANEL],
                        Format::Q16 => vec![panels, inputs / 2, PANEL, 2],
                        Format::Q8 => vec![panels, inputs / 4, PANEL, 4],
                        Format::Q6 => vec![panels, inputs / 16, 3, PANEL, 4],
                        Format::Q4 => vec![panels, inputs / 8, PANEL, 4],
                    },
                    size: matrix.bytes() as u64,
                }
            }
        }
    }

    /// The tensor of the scales, where there are some.
    pub fn scales(&self) -> Option<Stored> {
        let (element, dims, size) = match self {
            Self::Table(table) if table.scale_bytes() > 0 => {
                (DataType::Float, vec![table.rows, 1], table.scale_bytes())
            }
            Self::Matrix(matrix) if matrix.scale_bytes() > 0 => {
                let (panels, blocks) = (matrix.panels(), matrix.padded_inputs() / BLOCK);
                match matrix.format {
                    Format::Q6 | Format::Q4 => (
                        DataType::Int8,
                        vec![panels, 1 + blocks, PANEL],
                        matrix.scale_bytes(),
                    ),
                    _ => (DataType::Float, vec![panels * PANEL], matrix.scale_bytes()),
                }
            }
            _ => return None,
        };
        Some(Stored {
            element,
            dims,
            size: size as u64,
        })
    }

    /// Number format of the values.
    pub fn format(&self) -> Format {
        match self {
            Self::Vector(_) => Format::F32,
            Self::Table(table) => table.format,
            Self::Matrix(matrix) => matrix.format,
        }
    }
}

/// What ONNX calls the numbers of a format; of those of q6 and q4, several share bytes.
fn element(format: Format) -> DataType {
    match format {
        Format::F32 => DataType::Float,
        Format::Bf16 => DataType::Bfloat16,
        Format::Q16 => DataType::Int16,
        Format::Q8 => DataType::Int8,
        Format::Q6 | Format::Q4 => DataType::Uint8,
    }
}
