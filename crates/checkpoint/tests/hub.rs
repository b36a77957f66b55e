//! Downloads over real HTTP, from a model hub on the loopback interface.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, where a panic is a failure"
)]

#[path = "hub/cached.rs"]
mod cached;
#[path = "hub/interruptions.rs"]
mod interruptions;
#[path = "hub/refusals.rs"]
mod refusals;
#[path = "hub/sandbox.rs"]
mod sandbox;
#[path = "hub/sources.rs"]
mod sources;
#[path = "hub/web.rs"]
mod web;
