//! Tokenizer files against the ids that the reference libraries give, and files that are refused.

#![allow(clippy::unwrap_used, reason = "helpers fail the test that calls them")]

mod cases;
mod forms;
mod refusals;
mod sources;
mod support;
