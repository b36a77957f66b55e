//! Proves a bundle: manifest against graphs, backend against backend, records against both.
//!
//! 1. `structure` checks the files, the manifest and the graphs without running anything.
//!    What is damaged is named, and is not run; the other components still are.
//! 2. `made_up` runs every sound component on made-up inputs, through every backend, and
//!    compares them call by call, states included. Each backend is compared with itself too:
//!    the same work in other calls has to give the same result.
//! 3. `records` compares every backend with recorded outputs of pocket-tts.
//!
//! Everything ends in a [`Report`]: named checks with their findings, and a table with one
//! row per component, tensor and pair, each with the worst difference over all calls.

mod difference;
mod error;
mod inputs;
mod made_up;
mod records;
mod report;
mod run;
mod slice;
mod streaming;
mod structure;
mod table;
mod trace;
mod trial;

pub use error::VerifyError;
pub use report::{Check, Comparison, Identity, Report};
pub use run::{Options, TOLERANCE, quantisation_error, verify};
