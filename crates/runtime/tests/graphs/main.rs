//! Backends and streams on the small graphs of `tests/models`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod backends;
mod errors;
mod manifests;
mod streams;
mod support;
