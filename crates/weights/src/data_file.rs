//! The data file of a component: which parameter is where, and its writer.

use serde::{Deserialize, Serialize};

use crate::{Layout, Packing};

mod values;
mod write;

pub use write::{ValueReader, WriteError, Written};

/// Parameters from this size on start at a page, so that runtimes can map them.
const MAPPED_SIZE: u64 = 1 << 20;
/// Size of a page.
const PAGE: u64 = 4096;
/// Smaller parameters start at a cache line.
const SMALL_ALIGNMENT: u64 = 64;

/// The parameters of a component, in the order of their file.
#[derive(Clone, Debug, Default)]
pub struct DataFile {
    parameters: Vec<PlacedParameter>,
    size: u64,
}

/// A parameter of a data file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedParameter {
    /// The tensor's path in the checkpoint.
    pub name: String,
    /// Sizes in the checkpoint, outermost first.
    pub shape: Vec<usize>,
    /// What it is used for.
    pub layout: Layout,
    /// How it is stored.
    pub packing: Packing,
    /// Where its values are.
    pub values: Extent,
    /// Where its scales are, if there are some.
    pub scales: Option<Extent>,
}

/// A part of a data file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Extent {
    /// First byte.
    pub offset: u64,
    /// Bytes.
    pub size: u64,
}

impl DataFile {
    /// Places another parameter after the others: values, then scales.
    pub fn push(&mut self, name: String, shape: Vec<usize>, layout: Layout, packing: Packing) {
        let values = self.place(packing.values(&shape).size);
        let scales = packing.scales().map(|scales| self.place(scales.size));
        self.parameters.push(PlacedParameter {
            name,
            shape,
            layout,
            packing,
            values,
            scales,
        });
    }

    /// What the file holds, in order.
    pub fn parameters(&self) -> &[PlacedParameter] {
        &self.parameters
    }

    /// Bytes of the file.
    pub fn size(&self) -> u64 {
        self.size
    }

    fn place(&mut self, size: u64) -> Extent {
        let alignment = if size >= MAPPED_SIZE {
            PAGE
        } else {
            SMALL_ALIGNMENT
        };
        let offset = self.size.next_multiple_of(alignment);
        self.size = offset + size;
        Extent { offset, size }
    }
}
