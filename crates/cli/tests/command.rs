//! The command as a user runs it: exit code, what it prints, what is on disk afterwards.

#![allow(clippy::unwrap_used, reason = "helpers fail the test that calls them")]

#[path = "command/api.rs"]
mod api;
#[path = "command/compressed.rs"]
mod compressed;
#[path = "command/convert.rs"]
mod convert;
#[path = "command/demo.rs"]
mod demo;
#[path = "command/dispatcher.rs"]
mod dispatcher;
#[path = "command/hub.rs"]
mod hub;
#[cfg(unix)]
#[path = "command/imports.rs"]
mod imports;
#[path = "command/inspect.rs"]
mod inspect;
#[cfg(unix)]
#[path = "command/interrupt.rs"]
mod interrupt;
#[cfg(target_os = "linux")]
#[path = "command/namespace.rs"]
mod namespace;
#[cfg(target_os = "linux")]
#[path = "command/outputs.rs"]
mod outputs;
#[path = "command/own_models.rs"]
mod own_models;
#[cfg(target_os = "linux")]
#[path = "command/places.rs"]
mod places;
#[path = "command/recordings.rs"]
mod recordings;
#[path = "command/refusals.rs"]
mod refusals;
#[path = "command/rewriting.rs"]
mod rewriting;
#[path = "command/sandbox.rs"]
mod sandbox;
#[path = "command/serve.rs"]
mod serve;
#[path = "command/speak.rs"]
mod speak;
#[path = "command/starling.rs"]
mod starling;
#[path = "command/stream.rs"]
mod stream;
#[path = "command/text.rs"]
mod text;
#[path = "command/tokenize.rs"]
mod tokenize;
#[path = "command/variants.rs"]
mod variants;
#[path = "command/verify.rs"]
mod verify;
#[path = "command/voice.rs"]
mod voice;
#[path = "command/weights.rs"]
mod weights;
