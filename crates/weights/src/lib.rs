//! How weights lie in a bundle's data files: number formats, panels, quantisation.
//!
//! 1. A [`Format`] says how numbers are stored.
//! 2. A [`Matrix`] is a weight `[inputs, outputs]` of a product, cut into *panels* of
//!    [`PANEL`] outputs. A panel holds all inputs of its outputs, so that a product reads the
//!    weights as one stream, whichever outputs it is split over.
//! 3. A [`Table`] is a weight whose rows are looked up.
//!
//! | format | values of a panel | scales of a panel |
//! | --- | --- | --- |
//! | `f32`, `bf16` | `[inputs][16]` | |
//! | `q16` | i16 `[inputs / 2][16][2]` | f32 `[16]` |
//! | `q8` | i8 `[inputs / 4][16][4]` | f32 `[16]` |
//! | `q6` | u8 `[inputs / 16][3][16][4]`, four numbers in three bytes | i8 `[1 + inputs / 32][16]` |
//! | `q4` | u8 `[inputs / 8][16][4]`, two numbers a byte | i8 `[1 + inputs / 32][16]` |
//!
//! Where inputs do not fill the last group (of 2, 4 or 32) or outputs the last panel, zeros
//! do. Scales of `q6` and `q4` begin with an exponent for every output: a block's scale is its
//! number times two to the power of that.
//!
//! A byte of `q4` holds the number of input `8 i + j` in its lower and that of
//! `8 i + 4 + j` in its upper half, both plus 8. Bytes of `q6` hold the numbers of inputs
//! `16 i + j`, `16 i + 4 + j` and `16 i + 8 + j` in their lower six bits, and two bits each of that
//! of `16 i + 12 + j` above them, the lowest first; all plus 32.

mod format;
mod matrix;
mod panel;
mod quantise;
mod table;

pub use format::Format;
pub use matrix::{Matrix, PANEL};
pub use quantise::{BLOCK, Q4_OFFSET, Q6_OFFSET, Q8_MAX, Q16_MAX, power_of_two};
pub use table::Table;
