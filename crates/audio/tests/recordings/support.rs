//! A recording, and the programs that make others of it.

use std::path::{Path, PathBuf};
use std::process::Command;

use encode::{Encoder, Format, SampleFormat, Tags};
use tempfile::TempDir;

pub(crate) const SECONDS: f64 = 1.5;
pub(crate) const RECORDING_RATE: u32 = 48_000;

/// A folder with `tone.wav`: one and a half seconds of a gliding tone, by our own writer.
pub(crate) struct Studio {
    pub(crate) dir: TempDir,
    pub(crate) samples: Vec<f32>,
}

impl Studio {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let samples: Vec<f32> = (0..(SECONDS * f64::from(RECORDING_RATE)) as usize)
            .map(|i| {
                let t = i as f32 / RECORDING_RATE as f32;
                0.4 * (2.0 * std::f32::consts::PI * (300.0 * t + 100.0 * t * t)).sin()
            })
            .collect();
        let wav = Format::Wav(SampleFormat::I16);
        let file = Encoder::encode(wav, RECORDING_RATE, Tags::default(), &samples).unwrap();
        std::fs::write(dir.path().join("tone.wav"), file).unwrap();
        Self { dir, samples }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Puts `content` into a file.
    pub(crate) fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The bytes of the tone's samples.
    pub(crate) fn pcm(&self) -> Vec<u8> {
        std::fs::read(self.path("tone.wav")).unwrap()[44..].to_vec()
    }

    /// Runs a program in the folder.
    pub(crate) fn run(&self, command: &str) {
        let mut words = command.split_whitespace();
        let program = words.next().unwrap();
        let ran = Command::new(program)
            .args(words)
            .current_dir(self.dir.path())
            .output()
            .unwrap_or_else(|_| panic!("{program} is missing: run `cargo xtask setup`"));
        assert!(
            ran.status.success(),
            "{command}: {}",
            String::from_utf8_lossy(&ran.stderr)
        );
    }

    /// Makes `name` from the tone.
    pub(crate) fn ffmpeg(&self, arguments: &str, name: &str) -> PathBuf {
        self.run(&format!(
            "ffmpeg -v error -y -i tone.wav {arguments} {name}"
        ));
        self.path(name)
    }

    /// Root mean square of the difference from the tone, at the best of the delays that encoders
    /// have.
    pub(crate) fn difference(&self, samples: &[f32]) -> f32 {
        let at = |delay: usize| {
            let pairs = samples[delay.min(samples.len())..]
                .iter()
                .zip(&self.samples);
            let squares: f32 = pairs.map(|(a, b)| (a - b).powi(2)).sum();
            (squares / self.samples.len() as f32).sqrt()
        };
        (0..2400).map(at).fold(f32::INFINITY, f32::min)
    }
}

/// The head of a RIFF file with these chunks: name, length as it is written, content.
pub(crate) fn riff(name: &str, length: u32, chunks: &[(&[u8; 4], u32, &[u8])]) -> Vec<u8> {
    let mut file = [name.as_bytes(), &length.to_le_bytes(), b"WAVE"].concat();
    for (name, length, content) in chunks {
        file.extend([&name[..], &length.to_le_bytes(), content].concat());
    }
    file
}

/// The content of a format chunk.
pub(crate) fn format(code: u16, channels: u16, bits: u16, frame: u16) -> Vec<u8> {
    [
        &code.to_le_bytes()[..],
        &channels.to_le_bytes(),
        &RECORDING_RATE.to_le_bytes(),
        &(RECORDING_RATE * u32::from(frame)).to_le_bytes(),
        &frame.to_le_bytes(),
        &bits.to_le_bytes(),
    ]
    .concat()
}

/// Path of a file that is there, as text.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
