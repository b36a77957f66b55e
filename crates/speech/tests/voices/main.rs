//! Voices, recordings and samplers against the records of the small models.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers fail the test that calls them"
)]

mod audio;
mod hostile;
mod records;
mod support;
