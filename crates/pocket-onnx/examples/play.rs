//! Plays a text while it is made: `cargo run --example play "Hello world."`. On Linux a sound server
//! (`PulseAudio`, `PipeWire`) plays it, elsewhere `cpal`.

use std::error::Error;

use player::Device;
use pocket_onnx::Tts;

fn main() -> Result<(), Box<dyn Error>> {
    let text = std::env::args().nth(1);
    let device = Device::open("pocket-onnx")?;
    let tts = Tts::starling()?;
    let player = device.play(tts.sample_rate())?;
    for chunk in tts.speak(text.as_deref().unwrap_or("Hello world."))? {
        // It waits while enough is queued, and so does the model.
        player.write(&chunk?.audio)?;
    }
    Ok(player.finish()?)
}
