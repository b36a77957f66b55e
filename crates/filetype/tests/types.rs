//! Which types are recognised: in files that real programs write, and in the first bytes that formats specify.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers fail the test that calls them"
)]

use std::path::Path;
use std::process::Command;

use filetype::{Expected, FileType, foreign, foreign_path};

fn run(dir: &Path, program: &str, arguments: &str) {
    let ran = Command::new(program)
        .args(arguments.split_whitespace())
        .current_dir(dir)
        .output()
        .unwrap_or_else(|_| panic!("{program} is missing: run `cargo xtask setup`"));
    assert!(ran.status.success(), "{program} {arguments}: {ran:?}");
}

/// Recordings of every kind that `ffmpeg`, `sox` and `opusenc` make.
#[test]
fn recordings_of_real_programs_are_recognised() {
    let dir = tempfile::tempdir().unwrap();
    run(
        dir.path(),
        "ffmpeg",
        "-v error -f lavfi -i sine=d=0.5 -ac 1 in.wav",
    );
    let cases = [
        ("a.wav", "", FileType::Audio("WAV")),
        (
            "b.wav",
            "-rf64 always",
            FileType::Audio("RF64, a WAV of any length"),
        ),
        ("a.w64", "", FileType::Audio("Wave64")),
        ("a.aiff", "", FileType::Audio("AIFF")),
        ("a.caf", "", FileType::Audio("CAF")),
        ("a.flac", "", FileType::Audio("FLAC")),
        ("a.mp3", "", FileType::Audio("MP3")),
        (
            "b.mp3",
            "-id3v2_version 0 -write_xing 0",
            FileType::Audio("MP3"),
        ),
        ("a.aac", "", FileType::Audio("AAC")),
        ("a.m4a", "", FileType::Audio("M4A")),
        ("a.mp4", "", FileType::Video("MPEG-4")),
        ("a.mov", "", FileType::Video("QuickTime")),
        ("a.3gp", "-c:a aac", FileType::Video("3GPP")),
        ("a.opus", "-c:a libopus", FileType::Audio("Ogg Opus")),
        ("a.ogg", "-c:a libvorbis", FileType::Audio("Ogg Vorbis")),
        ("b.ogg", "-c:a flac", FileType::Audio("Ogg FLAC")),
        ("a.webm", "-c:a libopus", FileType::Video("WebM")),
        ("a.mka", "-c:a flac", FileType::Video("Matroska")),
        ("a.wma", "", FileType::Audio("WMA")),
        ("a.avi", "-c:a pcm_s16le", FileType::Video("AVI")),
        ("a.au", "", FileType::Audio("AU")),
        ("a.wv", "", FileType::Audio("WavPack")),
        ("a.tta", "", FileType::Audio("True Audio")),
    ];
    let mut wrong = Vec::new();
    for (name, arguments, expected) in cases {
        let arguments = format!("-v error -y -i in.wav {arguments} {name}");
        run(dir.path(), "ffmpeg", &arguments);
        let found = FileType::of_path(&dir.path().join(name)).unwrap();
        if found != expected {
            wrong.push(format!("{name}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn archives_and_images_of_real_programs_are_recognised() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("text"), "one line\n").unwrap();
    run(dir.path(), "gzip", "-k text");
    run(dir.path(), "tar", "-cf text.tar text");
    run(
        dir.path(),
        "ffmpeg",
        "-v error -f lavfi -i color=red:16x16 -frames:v 1 a.png",
    );
    run(dir.path(), "ffmpeg", "-v error -i a.png a.jpg");
    for (name, expected) in [
        ("text", FileType::Text),
        ("text.gz", FileType::Archive("a gzip archive")),
        ("text.tar", FileType::Archive("a tar archive")),
        ("a.png", FileType::Image("a PNG image")),
        ("a.jpg", FileType::Image("a JPEG image")),
        ("", FileType::Folder),
    ] {
        let found = FileType::of_path(&dir.path().join(name)).unwrap();
        assert_eq!(found, expected, "{name}");
    }
    run(dir.path(), "mkfifo", "pipe");
    let found = FileType::of_path(&dir.path().join("pipe")).unwrap();
    assert_eq!(found, FileType::Pipe);
    assert_eq!(
        FileType::of_path(Path::new("/dev/null")).unwrap(),
        FileType::Device
    );
    assert!(FileType::of_path(&dir.path().join("missing")).is_err());
}

#[test]
fn files_of_models_are_recognised() {
    let header = br#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let safetensors = [&(header.len() as u64).to_le_bytes()[..], header].concat();
    let mut torch = b"PK\x03\x04".to_vec();
    torch.resize(30, 0);
    torch.extend(b"archive/data.pklFB");
    let mut zip = b"PK\x03\x04".to_vec();
    zip.resize(30, 0);
    zip.extend(b"model.safetensors");
    let cases: [(&[u8], FileType); 16] = [
        (b"", FileType::Empty),
        (&safetensors, FileType::Safetensors),
        (&torch, FileType::TorchArchive),
        (&zip, FileType::Archive("a ZIP archive")),
        (
            b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.",
            FileType::Pickle,
        ),
        (b"GGUF\x03\0\0\0", FileType::OtherModel("a GGUF model")),
        (b"\x93NUMPY\x01\0v\0", FileType::OtherModel("a NumPy array")),
        (
            b"\x08\x09\x12\x07pytorch",
            FileType::OtherModel("an ONNX model"),
        ),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
            FileType::LfsPointer,
        ),
        (
            br#"{"metadata": {"total_size": 9}, "weight_map": {"a": "b"}}"#,
            FileType::SafetensorsIndex,
        ),
        (b"{\"detail\": \"Not Found\"}", FileType::Json),
        (b"\xef\xbb\xbf \n<!DOCTYPE html><p>", FileType::Html),
        (b"<!-- a comment --><HTML lang=en>", FileType::Html),
        (b"<?xml version='1.0'?>\n<html>", FileType::Html),
        (b"%PDF-1.7\n%\xe2\xe3", FileType::Document("a PDF document")),
        (b"\x01\x02\x03 nothing known", FileType::Unknown),
    ];
    let mut wrong = Vec::new();
    for (head, expected) in cases {
        let found = FileType::of(head);
        if found != expected {
            wrong.push(format!("{expected:?}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_foreign_file_is_named_with_the_way_out() {
    let page = b"<html>log in</html>";
    let pointer = b"version https://git-lfs.github.com/spec/v1\n";
    let index = br#"{"weight_map": {}}"#;
    let cases: [(&[u8], Expected, &[&str]); 7] = [
        (
            b"",
            Expected::Recording,
            &["is empty", "a recording", "again"],
        ),
        (
            page,
            Expected::Recording,
            &["is a web page (HTML), not a recording", "/resolve/"],
        ),
        (
            pointer,
            Expected::Voice,
            &["a Git LFS pointer", "git lfs pull"],
        ),
        (index, Expected::Weights, &["in several files", "join"]),
        (
            b"RIFF\0\0\0\0WAVE",
            Expected::Voice,
            &["(WAV)", "pocket-onnx voice export"],
        ),
        (
            b"\x1f\x8b\x08\0",
            Expected::Weights,
            &["a gzip archive", "unpack"],
        ),
        (b"{}", Expected::SentencePiece, &["a JSON file", ".json"]),
    ];
    for (head, expected, says) in cases {
        let text = foreign(head, expected).unwrap().to_string();
        for part in says {
            assert!(text.contains(part), "{text:?} without {part:?}");
        }
    }
    assert_eq!(foreign(b"name: value\n", Expected::Configuration), None);
    assert_eq!(foreign(b"OggS", Expected::Recording), None);
    let dir = tempfile::tempdir().unwrap();
    let folder = foreign_path(dir.path(), Expected::Weights)
        .unwrap()
        .unwrap();
    assert!(folder.to_string().starts_with("is a folder, not weights"));
}
