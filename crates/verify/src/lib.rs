//! Verifies a bundle: manifest against graphs, backend against backend, each backend against the
//! records.
//!
//! 1. `structure` checks the files, the manifest and the graphs without running anything.
//!    What is damaged is named, and is not run; the other components still are.
//! 2. `generated_inputs` runs every undamaged component on generated inputs, through every backend, and
//!    compares them call by call, states included. Each backend is compared with itself too:
//!    the same work in other calls has to give the same result.
//! 3. `reference_outputs` compares every backend with records: outputs of pocket-tts.
//!
//! Everything ends in a [`VerifyReport`]: named checks with their findings, and a table with one
//! row per component, tensor and pair, each with the worst difference over all calls.

mod component_run;
mod difference;
mod error;
mod generated_inputs;
mod inputs;
mod reference_outputs;
mod report;
mod run;
mod slice;
mod streaming;
mod structure;
mod table;
mod trace;

pub use error::VerifyError;
pub use report::{BundleIdentity, Check, Comparison, VerifyReport};
pub use run::{DEFAULT_TOLERANCE, VerifyOptions, verify};
