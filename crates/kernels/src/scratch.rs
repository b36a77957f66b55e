//! Memory that kernels work in.

use weights::PANEL;

use crate::block_quantised_rows::BlockQuantisedRows;
use crate::packed_rows::PackedBlocks;

/// Memory that is used again from call to call.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    /// Rows of a product, or queries, as integers.
    pub(crate) quantised_rows: Vec<i16>,
    /// The same, as tiles of rows read them.
    pub(crate) packed_rows: Vec<i16>,
    /// A scale for each.
    pub(crate) row_scales: Vec<f32>,
    /// Rows of a product with weights whose blocks have scales.
    pub(crate) block_quantised_rows: BlockQuantisedRows,
    /// The same, as tiles of rows read them.
    pub(crate) packed_blocks: PackedBlocks,
    /// What those lost when they were rounded, and products with it.
    pub(crate) rounding_errors: Vec<f32>,
    pub(crate) second_products: Vec<f32>,
    /// A panel of unpacked quants.
    pub(crate) unpacked_panel: Vec<[u8; 4 * PANEL]>,
    /// Scores of an attention.
    pub(crate) scores: Vec<f32>,
    /// Its probabilities, as integers.
    pub(crate) probs: Vec<i16>,
    /// Sums of values, each times its probability.
    pub(crate) sums: Vec<f32>,
    /// What each head's are multiplied with.
    pub(crate) factors: Vec<f32>,
}
