//! Text preparation and tokenizers against what pocket-tts and its libraries give.

mod hard_lines;
mod hard_texts;
mod long;
mod records;
mod support;
