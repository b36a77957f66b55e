//! Recordings and voice files as people have them: from pipes, from the web, and other files.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use crate::sandbox::{REAL, Ran, Sandbox};

/// A small model with an encoder, and a tone of three seconds.
fn studio() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run(&format!("{REAL} --output-dir b --quiet")).ok();
    ffmpeg(&sandbox, "-f lavfi -i sine=f=220:d=3:r=24000 tone.wav");
    sandbox
}

fn ffmpeg(sandbox: &Sandbox, arguments: &str) {
    let ran = sandbox
        .program("ffmpeg")
        .args("-v error -y".split(' '))
        .args(arguments.split_whitespace())
        .status()
        .unwrap_or_else(|error| panic!("ffmpeg ({error}): run `cargo xtask setup`"));
    assert!(ran.success(), "{arguments}");
}

/// Runs a line of a shell.
fn shell(sandbox: &Sandbox, line: &str) -> Ran {
    let program = env!("CARGO_BIN_EXE_pocket-onnx");
    let line = line.replace("pocket-onnx", program);
    sandbox.finish(&line, sandbox.program("bash").arg("-c").arg(&line))
}

const SPEAK_AS: &str = "speak Hi. --bundle b --seed 1 --voice";

#[test]
fn a_pipe_is_read_as_the_file_behind_it() {
    let sandbox = studio();
    sandbox
        .run(&format!("{SPEAK_AS} tone.wav -o file.wav"))
        .ok();
    sandbox
        .run("voice export tone.wav --bundle b -o tone.safetensors")
        .ok();
    let file = fs::read(sandbox.path("file.wav")).unwrap();
    for (name, line) in [
        (
            "1.wav",
            "pocket-onnx speak Hi. --bundle b --seed 1 --voice <(cat tone.wav) -o 1.wav",
        ),
        (
            "2.wav",
            "cat tone.wav | pocket-onnx speak Hi. --bundle b --seed 1 --voice - -o 2.wav",
        ),
        (
            "3.wav",
            "cat tone.wav | pocket-onnx speak Hi. --bundle b --seed 1 --voice /dev/stdin -o 3.wav",
        ),
        (
            "4.wav",
            "pocket-onnx speak Hi. --bundle b --seed 1 --voice /dev/stdin -o 4.wav < tone.wav",
        ),
        (
            "5.wav",
            "cat tone.safetensors | pocket-onnx speak Hi. --bundle b --seed 1 --voice - -o 5.wav",
        ),
        (
            "6.wav",
            "ffmpeg -v error -i tone.wav -f wav - | pocket-onnx speak Hi. --bundle b --seed 1 --voice - -o 6.wav",
        ),
    ] {
        shell(&sandbox, line).ok();
        assert_eq!(fs::read(sandbox.path(name)).unwrap(), file, "{line}");
    }
    let both = shell(
        &sandbox,
        "cat tone.wav | pocket-onnx speak --bundle b --voice -",
    );
    assert!(
        both.error()
            .contains("cannot both come from standard input"),
        "{both}"
    );
    let weights = shell(
        &sandbox,
        "pocket-onnx convert --config tiny_english.yaml --tokenizer tokenizer.json --output-dir c \
         --weights <(cat tiny_english.safetensors)",
    );
    assert!(weights.error().contains("is a pipe"), "{weights}");
}

#[test]
fn what_a_recording_lacks_is_told() {
    let sandbox = studio();
    for (arguments, name) in [
        ("-i tone.wav -t 0.4", "short.wav"),
        ("-i tone.wav -af volume=0.002", "quiet.wav"),
        ("-i tone.wav -af volume=20", "loud.wav"),
        (
            "-f lavfi -i anullsrc=d=31 -i tone.wav -filter_complex concat=v=0:a=1",
            "late.wav",
        ),
        ("-i tone.wav -af pan=stereo|c0=c0|c1=-1*c0", "antiphase.wav"),
        (
            "-i tone.wav -af volume=0,dcshift=0.4 -c:a pcm_f32le",
            "constant.wav",
        ),
    ] {
        ffmpeg(&sandbox, &format!("{arguments} {name}"));
    }
    let samples: Vec<u8> = (0..72_000)
        .flat_map(|i| ((i as f32 * 0.1).sin() * 9000.0).to_le_bytes())
        .collect();
    sandbox.write("scale.f32", samples);
    ffmpeg(
        &sandbox,
        "-f f32le -ar 24000 -i scale.f32 -c:a copy scale.wav",
    );
    for (name, says) in [
        ("short.wav", "only 400 milliseconds long"),
        ("quiet.wav", "very quiet"),
        ("loud.wav", "cut off at full scale"),
        ("scale.wav", "9000 times full scale"),
    ] {
        let ran = sandbox
            .run(&format!("{SPEAK_AS} {name} -o said.wav --json"))
            .ok();
        assert!(ran.says(&["notice: ", name, says]), "{ran}");
        let notices = ran.json()["notices"].to_string();
        assert!(notices.contains(says), "{notices}");
    }
    for (name, says) in [
        (
            "late.wav",
            "the first 30 seconds of the recording are silent",
        ),
        ("antiphase.wav", "channels cancel each other out"),
        ("constant.wav", "every sample has the same value"),
    ] {
        let ran = sandbox.run(&format!("{SPEAK_AS} {name} -o said.wav"));
        assert!(ran.error().contains(says), "{ran}");
    }
    let plain = sandbox
        .run(&format!("{SPEAK_AS} tone.wav -o said.wav --json"))
        .ok();
    assert_eq!(plain.json()["notices"].as_array().map(Vec::len), Some(0));
}

/// Each reader says what a foreign file is.
#[test]
fn foreign_files_are_named_by_every_reader() {
    let sandbox = studio();
    let header = br#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let twice = [&(header.len() as u64).to_le_bytes()[..], header, &[0; 4]].concat();
    let broken = [&9_u64.to_le_bytes()[..], b"{nothing}"].concat();
    fs::create_dir(sandbox.path("folder")).unwrap();
    for (name, content) in [
        ("empty", &b""[..]),
        ("page", b"<html>log in</html>"),
        ("pointer", b"version https://git-lfs.github.com/spec/v1\n"),
        ("index", br#"{"weight_map": {"a": "b"}}"#),
        ("pickle", b"\x80\x02}q\0."),
        ("archive", b"\x1f\x8b\x08\0\0\0\0\0"),
        ("twice", &twice),
        ("broken", &broken),
    ] {
        for ending in ["wav", "safetensors", "yaml", "json", "model"] {
            sandbox.write(&format!("{name}.{ending}"), content);
        }
    }
    let weights = |file: &str| {
        format!(
            "convert --config tiny_english.yaml --tokenizer tokenizer.json --weights {file} --output-dir c"
        )
    };
    let config = |file: &str| format!("convert --config {file} --synthetic 1 --output-dir c");
    let tokenizer = |file: &str| {
        format!(
            "convert --config tiny_english.yaml --tokenizer {file} --synthetic 1 --output-dir c"
        )
    };
    let speak = |file: &str| format!("{SPEAK_AS} {file} -o said.wav");
    let cases = [
        (speak("empty.wav"), "empty.wav is empty"),
        (speak("page.wav"), "page.wav is a web page"),
        (speak("pointer.wav"), "git lfs pull"),
        (speak("folder"), "folder is a folder"),
        (speak("archive.wav"), "a gzip archive"),
        (speak("empty.safetensors"), "empty.safetensors is empty"),
        (speak("page.safetensors"), "page.safetensors is a web page"),
        (speak("pointer.safetensors"), "git lfs pull"),
        (speak("pickle.safetensors"), "a Python pickle"),
        (speak("index.safetensors"), "in several files"),
        (speak("twice.safetensors"), "describes tensor `a` twice"),
        (speak("broken.safetensors"), "not a valid safetensors file"),
        (weights("empty.safetensors"), "is empty"),
        (weights("page.safetensors"), "is a web page"),
        (weights("pointer.safetensors"), "git lfs pull"),
        (weights("index.json"), "in several files"),
        (weights("folder"), "folder is a folder"),
        (weights("archive.safetensors"), "a gzip archive"),
        (weights("twice.safetensors"), "describes tensor `a` twice"),
        (weights("tone.wav"), "tone.wav is a recording (WAV)"),
        (config("empty.yaml"), "is empty"),
        (config("page.yaml"), "is a web page"),
        (config("folder"), "folder is a folder"),
        (
            config("tiny_english.safetensors"),
            "is a safetensors file, not a configuration",
        ),
        (tokenizer("empty.json"), "is empty"),
        (tokenizer("page.json"), "is a web page"),
        (tokenizer("page.model"), "is a web page"),
        (tokenizer("pointer.model"), "git lfs pull"),
        (tokenizer("folder"), "folder is a folder"),
    ];
    let mut wrong = Vec::new();
    for (line, says) in cases {
        let ran = sandbox.run(&line);
        let error = ran.error();
        let twice = error.matches("expected value").count() > 1;
        if !error.contains(says) || twice {
            wrong.push(format!("{line}: {error}"));
        }
    }
    sandbox.write("b/manifest.json", "<html></html>");
    let ran = sandbox.run("inspect b");
    if !ran
        .error()
        .contains("is a web page (HTML), not the manifest")
    {
        wrong.push(ran.to_string());
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_manifest_may_not_name_a_file_outside_its_folder() {
    let sandbox = studio();
    sandbox
        .run("voice export tone.wav --bundle b -o tone.safetensors")
        .ok();
    sandbox
        .run("voice import tone.safetensors --bundle b --name mine")
        .ok();
    let manifest = sandbox.read("b/manifest.json");
    for name in ["../tone.safetensors", "/etc/passwd", "a/b", "..", "c:\\\\x"] {
        sandbox.write(
            "b/manifest.json",
            manifest.replace("voice.mine.safetensors", name),
        );
        for line in [
            "speak Hi. --bundle b --voice mine -o said.wav",
            "voice convert mine --bundle b -o copy.safetensors",
        ] {
            let ran = sandbox.run(line);
            assert!(
                ran.error().contains("not the name of a file in the bundle"),
                "{ran}"
            );
        }
    }
}

/// Settings of the hub are read where something has to come from it.
#[test]
fn a_wrong_setting_of_the_hub_stops_no_local_work() {
    let sandbox = studio();
    let wrong = [("HF_ENDPOINT", "hub.example")];
    let local = format!("{SPEAK_AS} tone.wav -o said.wav");
    sandbox.run_with(&local, &wrong).ok();
    let remote = sandbox.run_with(&format!("{SPEAK_AS} hf://a/b/c.wav -o said.wav"), &wrong);
    assert!(remote.error().contains("HF_ENDPOINT"), "{remote}");
}

/// A server of one file, whose answer changes.
struct FileServer {
    address: String,
    answer: Arc<Mutex<Vec<u8>>>,
}

impl FileServer {
    fn start(answer: &[u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let answer = Arc::new(Mutex::new(answer.to_vec()));
        let shared = Arc::clone(&answer);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = [0; 4096];
                let _ = stream.read(&mut request);
                let body = shared.lock().unwrap().clone();
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(head.as_bytes());
                let _ = stream.write_all(&body);
            }
        });
        Self { address, answer }
    }
}

/// What the web gave in place of a file is told with its address, and never kept for ever.
#[test]
fn a_wrong_answer_of_the_web_is_not_kept() {
    let sandbox = studio();
    let tone = fs::read(sandbox.path("tone.wav")).unwrap();
    let server = FileServer::start(b"<html>log in</html>");
    let line = format!("{SPEAK_AS} {}/m.wav -o said.wav", server.address);
    let page = sandbox.run(&line);
    assert!(
        page.error()
            .contains(&format!("{}/m.wav is a web page", server.address)),
        "{page}"
    );
    *server.answer.lock().unwrap() = b"\x01\x02\x03 is no recording".to_vec();
    let damaged = sandbox.run(&line);
    let says = format!("{}/m.wav, downloaded just now", server.address);
    assert!(damaged.error().contains(&says), "{damaged}");
    *server.answer.lock().unwrap() = tone.clone();
    sandbox.run(&line).ok();

    // What an earlier version kept, and what was damaged since, is fetched once more.
    let cache = sandbox.path("home/.cache/pocket_tts");
    let kept = fs::read_dir(&cache).unwrap().map(|it| it.unwrap().path());
    let kept = kept.filter(|it| it.is_file()).collect::<Vec<_>>();
    assert_eq!(kept.len(), 1, "{kept:?}");
    fs::write(&kept[0], "<html>").unwrap();
    let file = fs::File::options().write(true).open(&kept[0]).unwrap();
    let hour_ago = std::time::SystemTime::now() - std::time::Duration::from_hours(1);
    file.set_modified(hour_ago).unwrap();
    sandbox.run(&line).ok();
    assert_eq!(fs::read(&kept[0]).unwrap(), tone);
}

/// `voice export -o NAME` need not end in `.safetensors` to be found again.
#[test]
fn a_voice_file_is_known_by_its_content() {
    let sandbox = studio();
    sandbox
        .run("voice export tone.wav --bundle b -o mine.voice.safetensors")
        .ok();
    fs::rename(sandbox.path("mine.voice.safetensors"), sandbox.path("mine")).unwrap();
    sandbox.run(&format!("{SPEAK_AS} mine -o said.wav")).ok();
    sandbox.run("voice import mine --bundle b --name mine").ok();
    // A recording that is called as a voice file is one all the same.
    fs::copy(sandbox.path("tone.wav"), sandbox.path("tone.safetensors")).unwrap();
    sandbox
        .run(&format!("{SPEAK_AS} tone.safetensors -o said.wav"))
        .ok();
    let import = sandbox
        .command("voice import tone.safetensors --bundle b")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let error = String::from_utf8(import.stderr).unwrap();
    assert!(error.contains("is a recording"), "{error}");
}

#[test]
fn standard_input_is_not_written_over() {
    let sandbox = studio();
    sandbox.write("story", "Once upon a time.");
    let ran = shell(&sandbox, "pocket-onnx speak - --bundle b -o story < story");
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.says(&["also the text"]), "{ran}");
    let line = "pocket-onnx speak Hi. --voice - --bundle b -o tone.wav < tone.wav";
    let before = std::fs::read(sandbox.path("tone.wav")).unwrap();
    let ran = shell(&sandbox, line);
    assert!(ran.says(&["also the voice"]), "{ran}");
    assert!(before == std::fs::read(sandbox.path("tone.wav")).unwrap());
}

#[test]
fn what_is_no_voice_is_named_when_it_is_imported() {
    let sandbox = studio();
    sandbox.write("page", "<!doctype html><p>log in");
    sandbox.write("empty", "");
    for (line, says) in [
        (
            "voice import page --name q --bundle b",
            "page is a web page",
        ),
        ("voice import empty --name q --bundle b", "empty is empty"),
        ("voice import tone.wav --name q --bundle b", "voice export"),
        ("voice import - --bundle b", "--name"),
    ] {
        let ran = sandbox.run(line);
        assert_eq!(ran.code, Some(1), "{ran}");
        assert!(ran.says(&[says]), "{ran}");
    }
}
