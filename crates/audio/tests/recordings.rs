//! Recordings of every kind, made by ffmpeg.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers fail the test that calls them"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use audio::{Recording, RecordingError, SampleFormat, WavWriter};

const SECONDS: f64 = 1.5;

/// One and a half seconds of a gliding tone, by our own writer.
fn tone(dir: &Path) -> PathBuf {
    let path = dir.join("tone.wav");
    let samples: Vec<f32> = (0..(SECONDS * 48_000.0) as usize)
        .map(|i| {
            let t = i as f32 / 48_000.0;
            0.4 * (2.0 * std::f32::consts::PI * (300.0 * t + 100.0 * t * t)).sin()
        })
        .collect();
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = WavWriter::new(file, SampleFormat::I16, 48_000).unwrap();
    writer.write(&samples).unwrap();
    writer.finish().unwrap();
    path
}

fn ffmpeg(from: &Path, arguments: &str, to: &Path) {
    let ran = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-i"])
        .arg(from)
        .args(arguments.split_whitespace())
        .arg(to)
        .status()
        .expect("ffmpeg is missing: run `cargo xtask setup`");
    assert!(ran.success(), "{arguments}");
}

#[test]
fn every_kind_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let tone = tone(dir.path());
    let original = Recording::read(&tone, None).unwrap();
    // Root mean square of the difference that the kind may make.
    let cases = [
        ("u8.wav", "-c:a pcm_u8", 0.01),
        ("i16.wav", "-c:a pcm_s16le -af pan=stereo|c0=c0|c1=c0", 1e-6),
        ("i24.wav", "-c:a pcm_s24le", 1e-6),
        (
            "i32.wav",
            "-c:a pcm_s32le -af pan=4c|c0=c0|c1=c0|c2=c0|c3=c0",
            1e-6,
        ),
        ("f32.wav", "-c:a pcm_f32le", 1e-6),
        ("f64.wav", "-c:a pcm_f64le", 1e-6),
        ("mono.flac", "", 1e-6),
        ("stereo.flac", "-af pan=stereo|c0=c0|c1=c0", 1e-6),
        ("mono.mp3", "-b:a 192k", 0.02),
        ("stereo.mp3", "-af pan=stereo|c0=c0|c1=c0 -b:a 192k", 0.02),
        ("vorbis.ogg", "-c:a libvorbis -q:a 8", 0.02),
        ("flac.ogg", "-c:a flac", 1e-6),
        ("named.txt", "-f wav", 1e-6),
    ];
    let mut wrong = Vec::new();
    for (name, arguments, tolerance) in cases {
        let path = dir.path().join(name);
        ffmpeg(&tone, arguments, &path);
        match Recording::read(&path, None) {
            Ok(recording) => {
                let (length, expected) = (recording.samples.len(), original.samples.len());
                let error = difference(&recording.samples, &original.samples);
                if recording.sample_rate != 48_000
                    || recording.truncated
                    || length.abs_diff(expected) > 3000
                    || error > tolerance
                {
                    wrong.push(format!(
                        "{name}: {length} samples, {expected} expected, {error:e}"
                    ));
                }
            }
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Root mean square of the difference, at the best of the delays that encoders have.
fn difference(a: &[f32], b: &[f32]) -> f32 {
    let at = |delay: usize| {
        let pairs = a[delay.min(a.len())..].iter().zip(b);
        let squares: f32 = pairs.map(|(a, b)| (a - b).powi(2)).sum();
        (squares / b.len() as f32).sqrt()
    };
    (0..2400).map(at).fold(f32::INFINITY, f32::min)
}

#[test]
fn nothing_is_read_behind_the_limit() {
    let dir = tempfile::tempdir().unwrap();
    let tone = tone(dir.path());
    for (limit, truncated, samples) in [
        (500, true, 24_000),
        (1500, false, 72_000),
        (9000, false, 72_000),
    ] {
        let recording = Recording::read(&tone, Some(Duration::from_millis(limit))).unwrap();
        assert_eq!(
            (recording.truncated, recording.samples.len()),
            (truncated, samples)
        );
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let tone = tone(dir.path());
    let opus = dir.path().join("opus.ogg");
    ffmpeg(&tone, "-c:a libopus", &opus);
    let text = dir.path().join("text.wav");
    std::fs::write(&text, "this is no recording\n".repeat(100)).unwrap();
    let empty = dir.path().join("empty.wav");
    std::fs::write(&empty, "").unwrap();
    let header = dir.path().join("header.wav");
    std::fs::write(&header, &std::fs::read(&tone).unwrap()[..44]).unwrap();
    let missing = dir.path().join("missing.wav");
    for path in [
        &opus,
        &text,
        &empty,
        &header,
        &missing,
        &dir.path().to_owned(),
    ] {
        let error = Recording::read(path, None).unwrap_err();
        assert!(
            error.to_string().contains(path.to_str().unwrap()),
            "{error}"
        );
        let is_missing = matches!(error, RecordingError::Read { .. });
        assert_eq!(
            is_missing,
            path == &missing || path == dir.path(),
            "{error}"
        );
    }
}

#[test]
fn a_recording_that_breaks_off_is_read_as_far_as_it_goes() {
    let dir = tempfile::tempdir().unwrap();
    let tone = tone(dir.path());
    for (name, arguments) in [("a.mp3", ""), ("a.flac", ""), ("a.wav", "")] {
        let path = dir.path().join(name);
        ffmpeg(&tone, arguments, &path);
        let file = std::fs::read(&path).unwrap();
        std::fs::write(&path, &file[..file.len() * 2 / 3]).unwrap();
        let recording = Recording::read(&path, None).unwrap();
        assert!(
            recording.samples.len() > 20_000,
            "{name}: {}",
            recording.samples.len()
        );
    }
}
