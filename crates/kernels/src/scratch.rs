//! Memory that kernels work in.

use weights::PANEL;

use crate::block_activations::BlockActivations;

/// Memory that is used again from call to call.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    /// Rows of a product as integers, or queries.
    pub(crate) activations: Vec<i16>,
    /// A scale for each.
    pub(crate) activation_scales: Vec<f32>,
    /// Rows of a product with codes.
    pub(crate) block_activations: BlockActivations,
    /// What those lost, and products with it.
    pub(crate) residual: Vec<f32>,
    pub(crate) residual_products: Vec<f32>,
    /// An unpacked panel of codes.
    pub(crate) codes: Vec<[u8; 4 * PANEL]>,
    /// Scores of an attention.
    pub(crate) scores: Vec<f32>,
    /// The same as integer weights.
    pub(crate) weights: Vec<i16>,
    /// Sums of weighted values.
    pub(crate) sums: Vec<f32>,
    /// What each head's are multiplied with.
    pub(crate) factors: Vec<f32>,
}
