//! Weights as a bundle's data files hold them: weight formats, layouts, and the file's writer.
//!
//! 1. A [`WeightFormat`] says how numbers are stored. All that is known of one format is in one
//!    file of `formats`: its [`Facts`], how it is packed and unpacked, and its paragraph of
//!    `docs/bundle.md`.
//! 2. A [`Matrix`] is a weight `[inputs, outputs]` of a product, cut into *panels* of
//!    [`PANEL`] outputs. A panel holds all inputs of its outputs, so that a product reads
//!    each panel from front to back, whichever outputs it is split over.
//! 3. A [`TableLayout`] is a weight whose rows are looked up.
//! 4. A [`Layout`] says what a tensor of a checkpoint is used for, and so which of these it
//!    becomes: a [`Packing`].
//! 5. A [`DataFile`] places the parameters of a component one after the other and writes them;
//!    the values are streamed, packed on their way, and never held.

mod block_scales;
mod data_file;
mod facts;
mod format;
mod formats;
mod layout;
mod matrix;
mod panel;
mod quantise;
mod table;

pub use block_scales::{QUANT_BLOCK, power_of_two};
pub use data_file::{DataFile, Extent, PlacedParameter, ValueReader, WriteError, Written};
pub use facts::{Element, Facts, Scales};
pub use format::WeightFormat;
pub use formats::*;
pub use layout::{Layout, Packing, Stored};
pub use matrix::Matrix;
pub use panel::PANEL;
pub use table::{TableFormat, TableLayout};
