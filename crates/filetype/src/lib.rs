//! What a file is, told by its first bytes, and what to do where another one was expected.
//!
//! Every reader of the program asks here before it complains about a file by itself:
//! 1. [`FileType::of`] names the content, [`FileType::of_path`] also folders, pipes and devices;
//! 2. [`foreign`] and [`foreign_path`] compare that with what the reader [`Expected`], and give an
//!    error with the way out;
//! 3. [`safetensors_header`] checks the header that weights and voices have.

mod expected;
mod foreign;
mod kind;
mod path;
mod safetensors;
mod signature;

pub use expected::Expected;
pub use foreign::{Foreign, foreign};
pub use kind::FileType;
pub use path::foreign_path;
pub use safetensors::{HeaderError, safetensors_header};
