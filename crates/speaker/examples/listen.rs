//! Speaks many sentences for a recogniser: `listen BUNDLE BACKEND DIR` reads lines of
//! `NAME<tab>VOICE<tab>SEED<tab>TEXT` from standard input, writes DIR/NAME.wav for each, 16 bits as
//! the command writes them, and prints one line of JSON about it. `cargo xtask bench listen` runs it.

#![allow(clippy::print_stdout, reason = "a program that reports")]

mod backend;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use encode::{Encoder, Format, SampleFormat, Tags};
use speaker::{PreparedVoice, Speaker};
use speech::SpeechOptions;

use crate::backend::{Result, backend_of};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [bundle, backend, dir] = &arguments[..] else {
        return Err("listen BUNDLE BACKEND DIR".into());
    };
    let speaker = Speaker::open(Path::new(bundle), backend_of(backend)?, 1)?;
    let mut voices = BTreeMap::new();
    for line in std::io::stdin().lines() {
        let line = line?;
        let fields: Vec<&str> = line.splitn(4, '\t').collect();
        let [name, voice, seed, text] = fields[..] else {
            return Err(format!("four fields are expected: {line:?}").into());
        };
        if !voices.contains_key(voice) {
            let prepared = speaker.prepare(&speaker.voice(Some(voice))?)?;
            voices.insert(voice.to_owned(), prepared);
        }
        let options = SpeechOptions {
            seed: seed.parse()?,
            ..speaker.model().options()
        };
        let path = Path::new(dir).join(format!("{name}.wav"));
        let spoken = speak(&speaker, &voices[voice], text, &options, &path)?;
        println!("{{\"name\":{name:?},{spoken}}}");
    }
    Ok(())
}

/// Speaks a sentence into a file.
fn speak(
    speaker: &Speaker,
    voice: &PreparedVoice,
    text: &str,
    options: &SpeechOptions,
    path: &Path,
) -> Result<String> {
    let manifest = speaker.model().manifest();
    let mut samples = Vec::new();
    for chunk in speaker.speak(voice, text, options)? {
        let chunk = chunk?;
        samples.extend_from_slice(&chunk.samples);
    }
    let wav = Format::Wav(SampleFormat::I16);
    let file = Encoder::encode(wav, manifest.sample_rate, Tags::default(), &samples)?;
    fs::write(path, file)?;
    let clipped = samples.iter().filter(|s| s.abs() > 1.0).count();
    let peak = samples.iter().fold(0.0_f32, |peak, s| peak.max(s.abs()));
    let frames = samples.len() / manifest.frame_size;
    Ok(format!(
        "\"frames\":{frames},\"clipped\":{clipped},\"peak\":{peak}"
    ))
}
