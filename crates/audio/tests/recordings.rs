//! Recordings of every kind, made by the programs that people use.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers fail the test that calls them"
)]

#[path = "recordings/kinds.rs"]
mod kinds;
#[path = "recordings/refusals.rs"]
mod refusals;
#[path = "recordings/support.rs"]
mod support;
#[path = "recordings/tags.rs"]
mod tags;
#[path = "recordings/wav.rs"]
mod wav;
