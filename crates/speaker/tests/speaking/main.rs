//! Speaking through the public API: records, voices, streaming, errors, in every backend.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers fail the test that calls them"
)]

mod arriving;
mod errors;
mod free_running;
mod records;
mod streaming;
mod support;
mod together;
mod voices;
mod words;
