//! Operator set versions.

/// A version of the default operator domain that graphs can be written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opset(i64);

/// The version asked for cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("opset {0} is not supported: choose {min} to {max}", min = Opset::MIN.0, max = Opset::MAX.0)]
pub struct UnsupportedOpset(pub i64);

impl Opset {
    /// The first with `LayerNormalization`.
    pub const MIN: Self = Self(17);
    /// The last that was tried.
    pub const MAX: Self = Self(23);

    /// `version`, if graphs can be written for it.
    pub fn new(version: i64) -> Result<Self, UnsupportedOpset> {
        if (Self::MIN.0..=Self::MAX.0).contains(&version) {
            Ok(Self(version))
        } else {
            Err(UnsupportedOpset(version))
        }
    }

    /// The version's number.
    pub fn version(self) -> i64 {
        self.0
    }

    /// The oldest file format version that may hold it (the table of ONNX's `Versioning.md`).
    pub fn ir_version(self) -> i64 {
        match self.0 {
            ..=18 => 8,
            19..=20 => 9,
            21..=22 => 10,
            _ => 11,
        }
    }

    /// Whether reductions take their axes as an input (they were an attribute before).
    pub(crate) fn reduces_by_input(self) -> bool {
        self.0 >= 18
    }

    /// Whether `Gelu` exists.
    pub(crate) fn has_gelu(self) -> bool {
        self.0 >= 20
    }
}
