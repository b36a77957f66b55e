//! Speaking through the public API: records, voices, streaming, errors, in every backend.

mod errors;
mod free_running;
mod records;
mod streaming;
mod support;
mod voices;
