//! What cannot be read, and what is said of it.

use audio::{Recording, RecordingError};

use crate::support::{Studio, format, riff, text};

#[test]
fn what_cannot_be_read_is_named_with_the_way_out() {
    let studio = Studio::new();
    for (name, arguments) in [
        ("a.wma", ""),
        ("a.ac3", ""),
        ("a.w64", ""),
        ("a.tta", ""),
        ("a.wv", ""),
        ("ac3.mkv", "-c:a ac3"),
        ("ac3.mp4", "-c:a ac3"),
        ("speex.ogg", "-c:a libspeex -ar 16000"),
        ("mp3.wav", "-c:a libmp3lame"),
        ("a.avi", "-c:a libmp3lame"),
        ("a.dts", "-c:a dca -strict -2"),
        ("a.au", ""),
        ("a.ts", "-c:a aac"),
    ] {
        studio.ffmpeg(arguments, name);
    }
    studio.write("a.amr", b"#!AMR\n\x3c\x08\x91");
    let m4p = std::fs::read(studio.ffmpeg("", "a.m4a")).unwrap();
    let at = m4p.windows(4).position(|it| it == b"mp4a").unwrap();
    let mut m4p = m4p;
    m4p[at..at + 4].copy_from_slice(b"drms");
    m4p[8..12].copy_from_slice(b"M4P ");
    studio.write("a.m4p", &m4p);
    let cases = [
        ("a.wma", "WMA"),
        ("a.ac3", "unknown type"),
        ("a.w64", "Wave64"),
        ("a.tta", "True Audio"),
        ("a.wv", "WavPack"),
        ("ac3.mkv", "Matroska"),
        ("ac3.mp4", "MPEG-4"),
        ("speex.ogg", "Speex"),
        ("mp3.wav", "WAV"),
        ("a.avi", "AVI"),
        ("a.au", "AU"),
        ("a.amr", "AMR"),
        ("a.m4p", "M4P"),
        ("a.ts", "MPEG-TS"),
    ];
    let mut wrong = Vec::new();
    for (name, says) in cases {
        let said = match Recording::read(&studio.path(name), None) {
            Ok(recording) => format!("read: {} samples", recording.samples.len()),
            Err(error) => error.to_string(),
        };
        let is_named = said.contains(says) && said.contains(text(&studio.path(name)));
        if !is_named || !said.contains("`ffmpeg -i ") {
            wrong.push(format!("{name}: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The decoder multiplies what the file says.
#[test]
fn damaged_adpcm_ends_in_no_panic() {
    let studio = Studio::new();
    let path = studio.ffmpeg("-c:a adpcm_ms", "adpcm.wav");
    let mut file = std::fs::read(&path).unwrap();
    let middle = file.len() / 2;
    let mut state = 1_u32;
    for byte in file.iter_mut().skip(middle).take(2000) {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (state >> 24) as u8;
    }
    std::fs::write(&path, file).unwrap();
    // Sound, damaged or not, or an error: either will do.
    let _ = Recording::read(&path, None);
}

#[test]
fn a_video_without_sound_is_named() {
    let studio = Studio::new();
    studio.run("ffmpeg -v error -f lavfi -i color=red:64x64:d=1 silent.mp4");
    studio.run("ffmpeg -v error -f lavfi -i color=red:64x64:d=1 silent.webm");
    for name in ["silent.mp4", "silent.webm"] {
        let error = Recording::read(&studio.path(name), None).unwrap_err();
        assert!(
            matches!(error, RecordingError::NoSound { .. }),
            "{name}: {error}"
        );
    }
}

#[test]
fn files_that_are_no_recordings_are_named() {
    let studio = Studio::new();
    studio.run("ffmpeg -v error -f lavfi -i color=red:16x16 -frames:v 1 picture.png");
    studio.run("gzip -k tone.wav");
    let cases = [
        ("picture.png", "a PNG image"),
        ("tone.wav.gz", "a gzip archive"),
        ("", "a folder"),
        ("empty.wav", "is empty"),
        ("page.wav", "a web page"),
        ("pointer.wav", "git lfs pull"),
        ("text.wav", "a text"),
        ("header.wav", "without samples"),
        ("missing.wav", "cannot read"),
        ("noise.wav", "unknown type"),
        ("riff.wav", "how its samples are stored"),
    ];
    studio.write("empty.wav", b"");
    studio.write("page.wav", b"\n<html>log in</html>");
    studio.write(
        "pointer.wav",
        b"version https://git-lfs.github.com/spec/v1\n",
    );
    studio.write("text.wav", "this is no recording\n".repeat(100).as_bytes());
    let tone = std::fs::read(studio.path("tone.wav")).unwrap();
    studio.write("header.wav", &tone[..44]);
    studio.write("noise.wav", &[0x81, 0x02, 0x03, 0x04].repeat(9));
    studio.write("riff.wav", &tone[..12]);
    let mut wrong = Vec::new();
    for (name, says) in cases {
        let said = Recording::read(&studio.path(name), None)
            .unwrap_err()
            .to_string();
        let raw = ["symphonia", "probe", "unsupported feature"];
        if !said.contains(says) || raw.iter().any(|raw| said.contains(raw)) {
            wrong.push(format!("{name}: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A pipe, as a shell makes it of a program's output.
#[cfg(unix)]
#[test]
fn a_pipe_is_read_to_its_end() {
    let studio = Studio::new();
    studio.run("mkfifo pipe");
    let path = studio.path("pipe");
    let content = std::fs::read(studio.path("tone.wav")).unwrap();
    let writer = std::thread::spawn({
        let path = path.clone();
        move || std::fs::write(path, content)
    });
    let recording = Recording::read(&path, None).unwrap();
    writer.join().unwrap().unwrap();
    assert_eq!(recording.samples.len(), studio.samples.len());
}

#[test]
fn wav_files_that_contradict_themselves_are_refused() {
    let studio = Studio::new();
    let pcm = studio.pcm();
    for (name, code, channels, bits, frame) in [
        ("narrow", 1, 1, 24, 2),
        ("odd", 1, 2, 16, 3),
        ("channels", 1, 0, 16, 2),
        ("bits", 1, 1, 0, 2),
        ("wide", 1, 1, 96, 12),
        ("float", 3, 1, 16, 2),
        ("double", 3, 1, 64, 4),
        ("a_law", 6, 1, 8, 2),
    ] {
        let chunk = format(code, channels, bits, frame);
        let file = riff(
            "RIFF",
            0,
            &[(b"fmt ", 16, &chunk), (b"data", pcm.len() as u32, &pcm)],
        );
        let path = studio.write(name, &file);
        let said = Recording::read(&path, None).unwrap_err().to_string();
        let expected = format!("frames of {frame} bytes do not fit {channels} channels");
        assert!(said.contains(&expected), "{name}: {said}");
    }
}
