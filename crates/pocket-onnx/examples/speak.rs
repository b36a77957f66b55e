//! Speaks a text into a file: `cargo run --example speak "Hello world." hello.wav [BUNDLE]`. Without a
//! bundle starling speaks.

use std::env::args;

use pocket_onnx::{Result, Tts};

fn main() -> Result<()> {
    let text = args().nth(1).unwrap_or_else(|| "Hello world.".to_owned());
    let file = args().nth(2).unwrap_or_else(|| "hello.wav".to_owned());
    let tts = match args().nth(3) {
        Some(bundle) => Tts::open(bundle)?,
        None => Tts::starling()?,
    };
    tts.speak(text)?.save(file)
}
