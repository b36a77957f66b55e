//! Memory that kernels work in.

/// Memory that is used again from call to call.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    /// Quantised rows of a product, or queries.
    pub(crate) activations: Vec<i16>,
    /// A scale for each.
    pub(crate) activation_scales: Vec<f32>,
    /// What sums of products with codes begin with, by row and block.
    pub(crate) code_sums: Vec<[i32; 2]>,
    /// An unpacked panel of codes.
    pub(crate) codes: Vec<u8>,
    /// Scores of an attention.
    pub(crate) scores: Vec<f32>,
    /// The same as integer weights.
    pub(crate) weights: Vec<i16>,
    /// Sums of weighted values.
    pub(crate) sums: Vec<f32>,
    /// What each head's are multiplied with.
    pub(crate) factors: Vec<f32>,
}
