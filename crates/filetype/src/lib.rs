//! Recognises files by their first bytes, and says what to do if another kind was expected.
//!
//! Every reader in the program uses it before it reports an unexpected file:
//! 1. [`FileType::of`] names the content, [`FileType::of_path`] also folders, pipes and devices;
//! 2. [`foreign`] and [`foreign_path`] compare that with what the reader [`Expected`], and return
//!    an error that says what the user can do;
//! 3. [`safetensors_header`] checks the header of weights and voice files.

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
