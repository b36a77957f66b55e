//! Text preparation and tokenizers against what pocket-tts and its libraries give.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers fail the test that calls them"
)]

mod hard_lines;
mod hard_texts;
mod long;
mod records;
mod support;
