//! Bundles of the small models: sound ones, damaged ones, and records that do not fit.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod damage;
mod formats;
mod records;
mod sound;
mod support;
