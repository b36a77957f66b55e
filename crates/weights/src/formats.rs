//! The weight formats: one file each, with its facts, packing, unpacking and tests. The `.md` file
//! of the same name is the format's paragraph of `docs/bundle.md`.
//!
//! A new format is a file here, a line in the list of `format.rs`, and what the compiler then
//! asks for in `onnx`, `kernels` and `engine`.

pub(crate) mod bf16;
pub(crate) mod f32;
pub(crate) mod q16;
pub(crate) mod q4;
pub(crate) mod q6;
pub(crate) mod q8;

pub use q4::Q4_OFFSET;
pub use q6::Q6_OFFSET;
pub use q8::Q8_MAX;
pub use q16::Q16_MAX;
