//! What the decoders that people use say about our files: ffmpeg, `flac`, `opusinfo`.

#![allow(clippy::unwrap_used, reason = "helpers fail the test that calls them")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use encode::{EncodeOptions, Encoder, Format, SampleFormat, Tags, Target};
use tempfile::TempDir;

const RATE: u32 = 24_000;
const COMPRESSED: [Format; 3] = [Format::Flac, Format::Opus, Format::Mp3];
const TARGETS: [Target; 2] = [Target::Seekable, Target::Stream];

/// Some seconds of speech of a program, at our rate.
fn speech(dir: &TempDir) -> Vec<f32> {
    let spoken = dir.path().join("spoken.wav");
    let text = "The quick brown fox jumps over the lazy dog, and then it sleeps.";
    run(Command::new("espeak-ng").arg("-w").arg(&spoken).arg(text));
    decode(&spoken)
}

fn run(command: &mut Command) -> Output {
    let output = command.output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// The samples of a file, at our rate; ffmpeg has nothing to say about it.
fn decode(file: &Path) -> Vec<f32> {
    decoded(file, "-")
}

/// The same of a stream: ffmpeg cannot ask how many bytes it has.
fn decode_stream(file: &Path) -> Vec<f32> {
    decoded(Path::new("-"), &file.to_string_lossy())
}

/// Decodes `input`, where that is `-` what it reads from `stdin`.
fn decoded(input: &Path, stdin: &str) -> Vec<f32> {
    let rate = RATE.to_string();
    let mut command = Command::new("ffmpeg");
    command
        .args(["-v", "warning", "-guess_layout_max", "0", "-i"])
        .arg(input)
        .args(["-f", "f32le", "-ac", "1", "-ar", &rate, "-"]);
    if stdin != "-" {
        command.stdin(fs::File::open(stdin).unwrap());
    }
    let output = run(&mut command);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.is_empty(), "{} {stdin}: {said}", input.display());
    let bytes = output.stdout.chunks_exact(4);
    bytes
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect()
}

/// Encodes in chunks of uneven length, as they come from the decoder and from a change of speed.
fn encode(format: Format, target: Target, samples: &[f32], dir: &TempDir) -> PathBuf {
    let tags = Tags {
        title: Some("The quick brown fox: größer?".into()),
        voice: Some("robin".into()),
        model: Some("starling".into()),
    };
    let options = EncodeOptions {
        sample_rate: RATE,
        target,
        tags,
    };
    let mut encoder = Encoder::new(format, &options).unwrap();
    let mut bytes = Vec::new();
    let mut rest = samples;
    for length in [1920, 1, 0, 777, 1920, 5000].iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, later) = rest.split_at(rest.len().min(*length));
        encoder.push(chunk, &mut bytes).unwrap();
        rest = later;
    }
    let patch = encoder.finish(&mut bytes).unwrap();
    if let (Target::Seekable, Some(patch)) = (target, patch) {
        let at = patch.offset as usize;
        bytes[at..at + patch.bytes.len()].copy_from_slice(&patch.bytes);
    }
    let length = samples.len();
    let name = format!(
        "{}-{target:?}-{length}.{}",
        format.name(),
        format.extensions()[0]
    );
    let file = dir.path().join(name);
    fs::write(&file, bytes).unwrap();
    file
}

/// Seconds that a file lasts, as its header or its pages say.
fn duration(file: &Path) -> f64 {
    let output = run(Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-show_entries",
            "format=duration",
            "-of",
            "csv=p=0",
        ])
        .arg(file));
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    text.parse()
        .unwrap_or_else(|_| panic!("{}: {text}", file.display()))
}

/// How far `decoded` lies behind `samples`, at most `most` samples.
fn lag(samples: &[f32], decoded: &[f32], most: isize) -> isize {
    let product = |lag: isize| -> f64 {
        let at = |n: usize| decoded.get(n.checked_add_signed(lag)?);
        let pairs = samples.iter().enumerate();
        pairs
            .filter_map(|(n, sample)| Some(f64::from(*sample) * f64::from(*at(n)?)))
            .sum()
    };
    let best = (-most..=most).max_by(|a, b| product(*a).total_cmp(&product(*b)));
    best.unwrap()
}

#[test]
fn flac_is_exact_and_its_checksum_is_right() {
    let dir = TempDir::new().unwrap();
    let speech = speech(&dir);
    for length in [0, 1, 100, 2303, 2304, 2305, speech.len()] {
        let samples = &speech[..length];
        let wav = encode(
            Format::Wav(SampleFormat::I16),
            Target::Seekable,
            samples,
            &dir,
        );
        for target in TARGETS {
            let flac = encode(Format::Flac, target, samples, &dir);
            if length > 0 {
                assert_eq!(decode(&flac), decode(&wav), "{length} {target:?}");
            }
            // No samples, and a length that is unknown, are the same number.
            if target == Target::Seekable && length > 0 {
                // All warnings are errors: an empty file, a missing checksum.
                let output = Command::new("flac")
                    .args(["-t", "-w", "-s"])
                    .arg(&flac)
                    .output();
                let said = String::from_utf8(output.unwrap().stderr).unwrap();
                assert!(said.is_empty(), "{length}: {said}");
                let total = run(Command::new("metaflac")
                    .arg("--show-total-samples")
                    .arg(&flac));
                assert_eq!(
                    String::from_utf8(total.stdout).unwrap().trim(),
                    length.to_string()
                );
            } else {
                run(Command::new("flac").args(["-t", "-s"]).arg(&flac));
            }
        }
    }
}

#[test]
fn opus_lasts_as_long_as_the_wav_file_to_a_millisecond() {
    let dir = TempDir::new().unwrap();
    let speech = speech(&dir);
    for length in [479, 480, 481, 4800, 4801, 20_000, speech.len()] {
        let samples = &speech[..length];
        for target in TARGETS {
            let opus = encode(Format::Opus, target, samples, &dir);
            let seconds = length as f64 / f64::from(RATE);
            let decoded = decode(&opus);
            let off = decoded.len().abs_diff(length);
            assert!(
                off <= RATE as usize / 1000,
                "{length} {target:?}: {}",
                decoded.len()
            );
            let info = run(Command::new("opusinfo").arg(&opus));
            let info = String::from_utf8_lossy(&info.stdout).to_lowercase();
            assert!(
                !info.contains("warning") && !info.contains("error"),
                "{info}"
            );
            // As "playback length: 0m:04.021s".
            let (_, says) = info.split_once("playback length: 0m:").unwrap();
            let (says, _) = says.split_once('s').unwrap();
            let says: f64 = says.parse().unwrap();
            assert!(
                (says - seconds).abs() <= 1e-3,
                "{length} {target:?}: {says}"
            );
            // ffprobe counts what is dropped at the start, in files of `opusenc`, too.
            let off = (duration(&opus) - 312.0 / 48_000.0 - seconds).abs();
            assert!(off < 1e-3, "{length} {target:?}: {off}");
            if length == speech.len() {
                assert_eq!(lag(samples, &decoded, 240).abs() / 3, 0, "{target:?}");
            }
        }
    }
    // The last page is there even where nothing was said.
    let empty = encode(Format::Opus, Target::Seekable, &[], &dir);
    run(Command::new("opusinfo").arg(&empty));
}

#[test]
fn mp3_lasts_as_long_as_the_wav_file_to_a_frame() {
    let dir = TempDir::new().unwrap();
    let speech = speech(&dir);
    // ffmpeg has doubts about files of fewer frames.
    for length in [4800, 5184, 5185, speech.len() - 1, speech.len()] {
        let samples = &speech[..length];
        for target in TARGETS {
            let mp3 = encode(Format::Mp3, target, samples, &dir);
            let decoded = match target {
                Target::Seekable => decode(&mp3),
                Target::Stream => decode_stream(&mp3),
            };
            match target {
                // The header says what to drop at both ends.
                Target::Seekable => {
                    assert_eq!(decoded.len(), length);
                    let wav = Format::Wav(SampleFormat::I16);
                    let wav = encode(wav, Target::Seekable, samples, &dir);
                    let lame = dir.path().join("lame.mp3");
                    let arguments = ["--quiet", "-b", "64"];
                    run(Command::new("lame").args(arguments).arg(&wav).arg(&lame));
                    // ffprobe counts what is dropped, too.
                    let off = (duration(&mp3) - duration(&lame)).abs();
                    assert!(off < 576.0 / f64::from(RATE), "{length}: {off}");
                }
                // Frames of 576 samples: what the codec adds, and the rest of the last one.
                Target::Stream => assert!(
                    (length..length + 4 * 576).contains(&decoded.len()),
                    "{length}: {}",
                    decoded.len()
                ),
            }
            if length == speech.len() && target == Target::Seekable {
                assert_eq!(lag(samples, &decoded, 1200).abs() / 3, 0);
            }
        }
    }
}

#[test]
fn a_stream_can_be_played_from_its_first_bytes() {
    let dir = TempDir::new().unwrap();
    let speech = speech(&dir);
    for format in COMPRESSED {
        let options = EncodeOptions {
            sample_rate: RATE,
            target: Target::Stream,
            tags: Tags::default(),
        };
        let mut encoder = Encoder::new(format, &options).unwrap();
        let mut bytes = Vec::new();
        let mut heard = 0;
        // A frame of the model is 80 ms.
        for (frame, chunk) in speech[..12 * 1920].chunks(1920).enumerate() {
            encoder.push(chunk, &mut bytes).unwrap();
            let file = dir
                .path()
                .join(format!("{frame}.{}", format.extensions()[0]));
            fs::write(&file, &bytes).unwrap();
            // What came so far may end in the middle of a page or frame.
            let output = Command::new("ffmpeg")
                .args(["-v", "quiet", "-i"])
                .arg(&file)
                .args(["-f", "s16le", "-ar", "24000", "-"])
                .output()
                .unwrap();
            heard = output.stdout.len() / 2;
            let pushed = (frame + 1) * 1920;
            // At most a block of FLAC (96 ms), or a page of Opus with what it hears late, is held
            // back.
            assert!(
                heard + 5040 >= pushed,
                "{format}: {heard} of {pushed} samples"
            );
        }
        assert!(heard > 0, "{format}");
    }
}

#[test]
fn players_show_what_is_spoken_and_that_no_person_speaks() {
    let dir = TempDir::new().unwrap();
    let speech = speech(&dir);
    for format in COMPRESSED {
        let file = encode(format, Target::Seekable, &speech[..9600], &dir);
        let output = run(Command::new("ffprobe")
            .args(["-v", "error", "-show_entries", "format_tags:stream_tags"])
            .args(["-of", "default=nw=1"])
            .arg(&file));
        let tags = String::from_utf8(output.stdout).unwrap().to_lowercase();
        for tag in [
            "title=the quick brown fox: größer?",
            "artist=robin",
            "model=starling",
            "comment=synthetic speech",
            "encoder=pocket-onnx",
        ] {
            assert!(tags.contains(&format!("tag:{tag}")), "{format}: {tags}");
        }
    }
}

#[test]
fn the_sound_is_the_one_that_went_in() {
    let dir = TempDir::new().unwrap();
    let speech = speech(&dir);
    for (format, least) in [(Format::Opus, 8.0), (Format::Mp3, 15.0)] {
        let decoded = decode(&encode(format, Target::Seekable, &speech, &dir));
        let lag = lag(&speech, &decoded, 240);
        let (mut signal, mut noise) = (0.0_f64, 0.0_f64);
        for (n, sample) in speech.iter().enumerate() {
            let Some(other) = n.checked_add_signed(lag).and_then(|n| decoded.get(n)) else {
                continue;
            };
            signal += f64::from(*sample).powi(2);
            noise += f64::from(sample - other).powi(2);
        }
        let ratio = 10.0 * (signal / noise).log10();
        println!("{format}: lag {lag}, {ratio:.1} dB");
        assert!(ratio > least, "{format}: {ratio:.1} dB");
    }
}
