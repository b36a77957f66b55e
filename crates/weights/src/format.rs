//! Number formats.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the weights of a component are stored. Vectors (biases, gains, scales) are always f32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// IEEE 754 single precision: holds every checkpoint exactly.
    F32,
    /// The upper half of a single: holds the published checkpoints, which are bf16, exactly.
    Bf16,
    /// Integers of 14 bits and one scale per output.
    Q16,
    /// Integers of 8 bits and one scale per output.
    Q8,
    /// Integers of 6 bits and one scale of 8 bits per output and 32 inputs.
    Q6,
    /// Integers of 4 bits and one scale of 8 bits per output and 32 inputs.
    Q4,
}

impl Format {
    /// All of them, the most exact first.
    pub const ALL: [Self; 6] = [
        Self::F32,
        Self::Bf16,
        Self::Q16,
        Self::Q8,
        Self::Q6,
        Self::Q4,
    ];

    /// The name, as it is typed and as it stands in the manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::Q16 => "q16",
            Self::Q8 => "q8",
            Self::Q6 => "q6",
            Self::Q4 => "q4",
        }
    }

    /// The format of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }

    /// Whether values are stored as integers with scales, and so may lose something.
    pub fn is_quantised(self) -> bool {
        matches!(self, Self::Q16 | Self::Q8 | Self::Q6 | Self::Q4)
    }

    /// Whether `values` are stored exactly; of quantised formats that cannot be said.
    pub fn holds(self, values: &[f32]) -> bool {
        let lost = match self {
            Self::F32 => return true,
            Self::Bf16 => values.iter().fold(0, |all, value| all | value.to_bits()) & 0xffff,
            Self::Q16 | Self::Q8 | Self::Q6 | Self::Q4 => return false,
        };
        lost == 0
    }

    /// Inputs that are stored as one group: their number is filled up with zeros.
    pub(crate) fn group(self) -> usize {
        match self {
            Self::F32 | Self::Bf16 => 1,
            Self::Q16 => 2,
            Self::Q8 => 4,
            Self::Q6 | Self::Q4 => crate::BLOCK,
        }
    }

    /// Bits of one value.
    pub(crate) fn bits(self) -> usize {
        match self {
            Self::F32 => 32,
            Self::Bf16 | Self::Q16 => 16,
            Self::Q8 => 8,
            Self::Q6 => 6,
            Self::Q4 => 4,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
