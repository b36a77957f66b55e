//! Texts as people have them: long, in any encoding, from anywhere.

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::{Child, Output, Stdio};

use crate::sandbox::{REAL, Ran, Sandbox};

/// A folder with a bundle in `b` and a voice.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!("{REAL} --dtype f32 --output-dir b --quiet"))
        .ok();
    let records = testkit::records("tiny_english");
    let record = fs::read(records.join("voice.safetensors")).unwrap();
    sandbox.write("voice.safetensors", record);
    sandbox
}

const SPEAK: &str = "speak --bundle b --voice voice.safetensors --seed 1";

fn start(sandbox: &Sandbox, line: &str) -> Child {
    let mut command = sandbox.command(line);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command.stderr(Stdio::piped()).spawn().unwrap()
}

fn with_input(sandbox: &Sandbox, line: &str, text: &[u8]) -> Output {
    let mut child = start(sandbox, line);
    child.stdin.take().unwrap().write_all(text).unwrap();
    child.wait_with_output().unwrap()
}

/// The sound that the text typed plainly makes.
fn sound(sandbox: &Sandbox, text: &str) -> Vec<u8> {
    let mut command = sandbox.command(&format!("{SPEAK} --quiet --"));
    sandbox.finish("speak", command.arg(text)).ok();
    fs::read(sandbox.path("speech.wav")).unwrap()
}

#[test]
fn a_dash_is_standard_input() {
    let sandbox = sandbox();
    let expected = sound(&sandbox, "Hello.");
    for line in ["-", "--text-file -", ""] {
        let line = format!("{SPEAK} {line}");
        Ran::new(&line, with_input(&sandbox, &line, b"Hello.")).ok();
        assert_eq!(
            fs::read(sandbox.path("speech.wav")).unwrap(),
            expected,
            "{line}"
        );
        for (text, says) in [
            (
                &b""[..],
                "error: the text is empty: there is nothing to say\n",
            ),
            (
                b" \r\n\t",
                "error: the text is empty: there is nothing to say\n",
            ),
            (
                b"one\ncaf\xe9",
                "error: cannot read the text from standard input: line 2 is not UTF-8 at byte 8: save it as UTF-8\n",
            ),
        ] {
            let ran = Ran::new(&line, with_input(&sandbox, &line, text));
            assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), says), "{ran}");
        }
    }
}

#[test]
fn a_text_that_begins_with_a_dash_is_spoken() {
    let sandbox = sandbox();
    for text in ["-5 degrees", "-5", "- Hello.", "--Hello, she said."] {
        let expected = sound(&sandbox, text);
        let mut command = sandbox.command(SPEAK);
        sandbox.finish(text, command.arg(text).arg("--quiet")).ok();
        assert_eq!(
            fs::read(sandbox.path("speech.wav")).unwrap(),
            expected,
            "{text}"
        );
    }
    let ran = sandbox.run(&format!("{SPEAK} -Xhello"));
    assert!(ran.code == Some(2) && ran.says(&["use '-- -"]), "{ran}");
}

#[test]
fn text_files_of_any_encoding_are_read_or_refused_by_line() {
    let sandbox = sandbox();
    let text = "Zwölf Ärzte.\r\nNeun.";
    let expected = sound(&sandbox, text);
    let bytes = |order: fn(u16) -> [u8; 2]| {
        let text = format!("\u{feff}{text}");
        text.encode_utf16().flat_map(order).collect::<Vec<u8>>()
    };
    for (name, file) in [
        ("UTF-8 with a mark", format!("\u{feff}{text}").into_bytes()),
        ("UTF-16LE", bytes(u16::to_le_bytes)),
        ("UTF-16BE", bytes(u16::to_be_bytes)),
    ] {
        sandbox.write("t.txt", file);
        sandbox
            .run(&format!("{SPEAK} --text-file t.txt --quiet"))
            .ok();
        assert_eq!(
            fs::read(sandbox.path("speech.wav")).unwrap(),
            expected,
            "{name}"
        );
    }
    for (file, says) in [
        (
            &b"one\ntwo\ncaf\xe9"[..],
            "line 3 is not UTF-8 at byte 12: save it as UTF-8",
        ),
        (b"H\0i\0", "line 1 holds a zero byte: save it as UTF-8"),
        (
            b"\xff\xfeH\0\0\xd8",
            "line 1 is not UTF-16LE at byte 5: save it as UTF-8",
        ),
    ] {
        sandbox.write("t.txt", file);
        let ran = sandbox.run(&format!("{SPEAK} --text-file t.txt"));
        let error = format!("cannot read the text in t.txt: {says}\n");
        assert_eq!(ran.error(), error);
    }
    let ran = sandbox.run(&format!("{SPEAK} --text-file ."));
    let error = "cannot read the text in .: that is a folder, give a file in it\n";
    assert_eq!(ran.error(), error);
    let config = sandbox.read("tiny_english.yaml").replace('\n', "\r\n");
    let config: Vec<u16> = format!("\u{feff}{config}").encode_utf16().collect();
    let config: Vec<u8> = config.into_iter().flat_map(u16::to_le_bytes).collect();
    sandbox.write("utf16.yaml", config);
    let line = "convert --tokenizer tokenizer.json --synthetic 1 --quiet --output-dir c --config";
    sandbox.run(&format!("{line} utf16.yaml")).ok();
    sandbox.write("latin1.yaml", b"# a\n# caf\xe9\n");
    let ran = sandbox.run(&format!("{line} latin1.yaml"));
    assert!(
        ran.error()
            .contains("latin1.yaml: line 2 is not UTF-8 at byte 10: save it as UTF-8"),
        "{ran}"
    );
}

#[test]
fn near_misses_of_a_pause_are_told() {
    let sandbox = sandbox();
    let speak = |text: &str| {
        let mut command = sandbox.command(SPEAK);
        sandbox.finish(text, command.arg(text)).ok()
    };
    let ran = speak("Hello. [pause fast] [pause 1,5s]");
    let notice = "notice: [pause fast] is spoken as words: pauses are written [pause 500ms] or \
                  [pause 1.2s]\n";
    assert!(ran.stderr.starts_with(notice), "{ran}");
    let plain = speak("Hello. [pause 500ms] World.").stderr;
    assert!(!plain.contains("as words"), "{plain}");
    let expected = fs::read(sandbox.path("speech.wav")).unwrap();
    speak("Hello. [ Pause: 0,5 sec ] World.");
    assert_eq!(fs::read(sandbox.path("speech.wav")).unwrap(), expected);
}

#[test]
fn steps_that_a_model_does_not_take_are_told() {
    let sandbox = sandbox();
    let notice = "notice: this model's sampler always takes one step: 3 have no effect";
    let several = sandbox.run(&format!("{SPEAK} --steps 3 Hello.")).ok();
    assert!(!several.stderr.contains(notice), "{several}");
    // The included model takes one.
    let one = sandbox.run("speak --steps 3 --seed 1 Hello.").ok();
    assert!(one.stderr.contains(notice), "{one}");
    let json = sandbox.run("speak --steps 3 --seed 1 --json Hello.").ok();
    assert!(json.stdout.contains(r#""kind": "steps""#), "{json}");
}

/// Every figure is a number, or is not there.
#[test]
fn a_pause_alone_has_figures() {
    let sandbox = sandbox();
    for options in ["", "--json"] {
        let line = format!("{SPEAK} {options}");
        for (text, has_no_words) in [("[pause 1s]", false), ("[pause 0s]", true)] {
            let mut command = sandbox.command(&line);
            let ran = format!("{}", sandbox.finish(&line, command.arg(text)).ok());
            assert!(!ran.contains("NaN"), "{ran}");
            assert_eq!(ran.contains("the text has no words"), has_no_words, "{ran}");
        }
    }
}

/// What is wrong anywhere in a text is told before any of it is spoken.
#[test]
fn a_text_file_is_checked_before_it_is_spoken() {
    let sandbox = sandbox();
    let long = "A sentence of a long book. ".repeat(2_000);
    for (end, says) in [
        (
            &b"[pause 61s]"[..],
            "[pause 61s] exceeds the longest pause (60 s)\n",
        ),
        (
            b"caf\xe9",
            "cannot read the text in t.txt: line 1 is not UTF-8 at byte 54004: save it as UTF-8\n",
        ),
    ] {
        sandbox.write("t.txt", [long.as_bytes(), end].concat());
        let ran = sandbox.run(&format!("{SPEAK} --text-file t.txt"));
        assert_eq!(ran.error(), says);
        assert!(!sandbox.path("speech.wav").exists());
    }
}

/// Neither the first sound nor memory waits for the end of a text.
#[cfg(unix)]
#[test]
fn a_long_text_is_spoken_from_its_beginning() {
    let sandbox = sandbox();
    let megabyte = "A sentence of a long book. ".repeat(40_000);
    sandbox.write("long.txt", megabyte.repeat(10));
    let mut child = start(&sandbox, &format!("{SPEAK} --text-file long.txt -o - -q"));
    let mut sound = [0; 4_000];
    child.stdout.take().unwrap().read_exact(&mut sound).unwrap();
    #[cfg(target_os = "linux")]
    {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap();
        let peak: usize = peak.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(peak < 40_000, "{peak} kB");
    }
    // Whoever listened has gone.
    let ran = Ran::new("speak", child.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(0), "{ran}");
}
