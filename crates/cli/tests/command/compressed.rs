//! `speak` into compressed files, judged by the decoder that most players are made of.

use std::process::{Command, Stdio};

use crate::sandbox::Sandbox;

const TEXT: &str = "The morning train was late, so we walked along the river.";

/// The samples of a file or, without one, of standard input; ffmpeg has nothing to say about it.
fn decode(command: &mut Command) -> Vec<i16> {
    let output = command
        .args(["-f", "s16le", "-ac", "1", "-ar", "24000", "-"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.is_empty(),
        "{command:?}: {said}"
    );
    let samples = output.stdout.chunks_exact(2);
    samples.map(|b| i16::from_le_bytes([b[0], b[1]])).collect()
}

fn ffmpeg(input: &str) -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "warning", "-guess_layout_max", "0", "-i", input]);
    command
}

#[test]
fn the_ending_of_the_name_chooses_the_format() {
    let sandbox = Sandbox::new();
    let speak = |options: &str| {
        let line = format!("speak --seed 1 --voice robin --json {options}");
        let mut command = sandbox.command(&line);
        sandbox.finish(&line, command.arg(TEXT)).ok()
    };
    let file = |name: &str| decode(&mut ffmpeg(&sandbox.path(name).to_string_lossy()));
    let seconds = speak("-o s.wav").json()["seconds"].as_f64().unwrap();
    let wav = file("s.wav");
    assert!((wav.len() as f64 / 24e3 - seconds).abs() < 1e-3);
    speak("-o s.flac");
    assert_eq!(file("s.flac"), wav);
    speak("-o s.pcm");
    let pcm = std::fs::read(sandbox.path("s.pcm")).unwrap();
    let pcm: Vec<i16> = pcm
        .chunks_exact(2)
        .map(|b| i16::from_le_bytes([b[0], b[1]]))
        .collect();
    assert_eq!(pcm, wav);
    // `--format` decides where the name says nothing.
    for (options, name) in [
        ("-o s.opus", "s.opus"),
        ("-o s.mp3", "s.mp3"),
        ("-o other --format mp3", "other"),
    ] {
        speak(options);
        let decoded = file(name);
        assert!(
            decoded.len().abs_diff(wav.len()) <= 24,
            "{name}: {}",
            decoded.len()
        );
        let length = std::fs::metadata(sandbox.path(name)).unwrap().len();
        assert!(length < wav.len() as u64 / 2, "{name}: {length} bytes");
    }
    let tags = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", "format_tags", "-of", "json"])
        .arg(sandbox.path("s.mp3"))
        .output()
        .unwrap();
    let tags: serde_json::Value = serde_json::from_slice(&tags.stdout).unwrap();
    let tags = &tags["format"]["tags"];
    assert_eq!(tags["title"], TEXT);
    assert_eq!(tags["artist"], "robin");
    assert_eq!(tags["MODEL"], "starling");
}

#[test]
fn a_pipe_gets_any_format() {
    let sandbox = Sandbox::new();
    let line = "speak --seed 1 --voice robin --quiet -o s.wav";
    let mut command = sandbox.command(line);
    sandbox.finish(line, command.arg(TEXT)).ok();
    let wav = decode(&mut ffmpeg(&sandbox.path("s.wav").to_string_lossy()));
    // Of a WAV file without a length ffmpeg always says so.
    for format in ["flac", "opus", "mp3"] {
        let line = format!("speak --seed 1 --voice robin --quiet -o - --format {format}");
        let mut speaking = sandbox.command(&line);
        let mut speaking = (speaking.arg(TEXT).stdout(Stdio::piped()).spawn()).unwrap();
        let sound = speaking.stdout.take().unwrap();
        let decoded = decode(ffmpeg("-").stdin(sound));
        assert!(speaking.wait().unwrap().success(), "{format}");
        // A stream of MP3 cannot say what its encoder added.
        let added = if format == "mp3" { 4 * 576 } else { 24 };
        let range = wav.len() - 24..=wav.len() + added;
        assert!(
            range.contains(&decoded.len()),
            "{format}: {} of {}",
            decoded.len(),
            wav.len()
        );
    }
}

#[test]
fn a_name_and_a_format_that_contradict_each_other_are_refused() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run("speak Hi. -o x.wav --format opus");
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.says(&["x.wav", "--format", "give x.opus"]), "{ran}");
    assert!(!sandbox.path("x.wav").exists());
    let ran = sandbox.run("speak Hi. -o x.m4a");
    assert!(ran.says(&["ffmpeg -i x.wav x.m4a"]), "{ran}");
}
