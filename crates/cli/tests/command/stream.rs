//! Texts that come through a pipe, bit by bit.

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Stdio};

use crate::sandbox::{REAL, Ran, Sandbox};

/// A folder with a bundle in `b` and a voice.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!(
            "{REAL} --word-heads 1.0 --dtype f32 --output-dir b --quiet"
        ))
        .ok();
    let records = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/records");
    let record = fs::read(format!("{records}/tiny_english/voice.safetensors")).unwrap();
    sandbox.write("voice.safetensors", record);
    sandbox
}

const SPEAK: &str = "speak --bundle b --voice voice.safetensors --seed 1";

/// A command that speaks what is written to it.
struct SpeakingCommand {
    line: String,
    child: Child,
    input: ChildStdin,
}

impl SpeakingCommand {
    fn start(sandbox: &Sandbox, options: &str) -> Self {
        let line = format!("{SPEAK} {options}");
        let mut command = sandbox.command(&line);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let input = child.stdin.take().unwrap();
        Self { line, child, input }
    }

    fn write(&mut self, text: impl AsRef<[u8]>) {
        self.input.write_all(text.as_ref()).unwrap();
    }

    /// Waits for so many bytes of sound.
    fn hear(&mut self, bytes: usize) {
        let mut sound = vec![0; bytes];
        let output = self.child.stdout.as_mut().unwrap();
        output.read_exact(&mut sound).unwrap();
    }

    /// The text is over.
    fn end(self) -> Ran {
        drop(self.input);
        let mut output = self.child.wait_with_output().unwrap();
        if self.line.contains("-o - ") || self.line.ends_with("-o -") {
            output.stdout.clear();
        }
        Ran::new(&self.line, output)
    }
}

/// Frames of a file.
fn samples(sandbox: &Sandbox, name: &str) -> Vec<i16> {
    let reader = hound::WavReader::open(sandbox.path(name)).unwrap();
    reader.into_samples().map(Result::unwrap).collect()
}

/// However it is cut, also in a character: texts that do not pause are the same as the whole.
#[test]
fn a_text_in_pieces_is_the_text() {
    let sandbox = sandbox();
    let text = "Zwölf costs $3.14, 語 or e.g. [pause 100ms] 1,024 \"a\"...\r\nDr. Who?\r\n\r\nYes.";
    for options in ["", "--normalize=en", "--max-tokens 5"] {
        let line = format!("{SPEAK} {options} -q -o whole.wav --");
        let mut command = sandbox.command(&line);
        sandbox.finish(&line, command.arg(text)).ok();
        for length in [1, 7] {
            let mut speaking =
                SpeakingCommand::start(&sandbox, &format!("{options} -q -o pieces.wav"));
            for piece in text.as_bytes().chunks(length) {
                speaking.write(piece);
            }
            speaking.end().ok();
            let [whole, pieces] = ["whole.wav", "pieces.wav"].map(|name| sandbox.path(name));
            assert!(
                fs::read(whole).unwrap() == fs::read(pieces).unwrap(),
                "{options}: {length}"
            );
        }
    }
}

/// The source says no more until it is heard.
#[test]
fn each_sentence_is_spoken_as_soon_as_it_is_complete() {
    let sandbox = sandbox();
    for options in ["", "--normalize=en", "--threads 1"] {
        let mut speaking = SpeakingCommand::start(&sandbox, &format!("{options} -q -o -"));
        speaking.write("It is said. The next one");
        speaking.hear(4000);
        // A mark at the end is enough, and so is silence.
        for text in [" is not.", " And no mark", "\n"] {
            speaking.write(text);
        }
        speaking.end().ok();
    }
}

#[test]
fn words_and_notices_of_a_text_in_pieces_are_those_of_the_text() {
    let sandbox = sandbox();
    sandbox.write("list.txt", "kyutai = kyoo tie");
    let options = "-o - --json --words words.json --normalize=en --replace list.txt";
    let mut speaking = SpeakingCommand::start(&sandbox, options);
    let (first, second) = ("It costs $5. Kyutai", " says [pause fast] so.  \n");
    speaking.write(first);
    speaking.hear(4000);
    speaking.write(second);
    let ran = speaking.end();
    assert_eq!(ran.code, Some(0), "{ran}");
    let text = format!("{first}{second}");
    let file: serde_json::Value = serde_json::from_str(&sandbox.read("words.json")).unwrap();
    let mut joined = String::new();
    for word in file.as_array().unwrap() {
        joined += word["text"].as_str().unwrap();
        let [from, to] = ["from", "to"].map(|key| word[key].as_u64().unwrap() as usize);
        assert!(joined.trim_end().ends_with(&text[from..to]), "{word}");
    }
    assert_eq!(joined, text);
    let summary: serde_json::Value =
        serde_json::from_str(&ran.stderr[ran.stderr.find('{').unwrap()..]).unwrap();
    assert_eq!(summary["notices"][0]["kind"], "pause-marker", "{ran}");
    // Waiting for the text is no work.
    assert!(summary["real_time_factor"].as_f64().unwrap() > 0.0, "{ran}");
}

/// A model would make noise of them.
#[test]
fn texts_without_words_are_a_short_silence_and_a_notice() {
    let sandbox = sandbox();
    sandbox.write("signs.txt", "🎉 … !");
    let says = |ran: &Ran| {
        let summary = ran.json();
        assert_eq!(summary["notices"][0]["kind"], "no-words", "{ran}");
        assert_eq!(summary["seconds"], 0.2, "{ran}");
    };
    for text in [
        "...",
        "🎉",
        "--text-file signs.txt",
        "🪤 --normalize=english",
    ] {
        says(&sandbox.run(&format!("{SPEAK} --json {text}")));
    }
    let mut speaking = SpeakingCommand::start(&sandbox, "--json");
    speaking.write("🎉");
    says(&speaking.end());
    // Here it stands for words.
    let ran = sandbox.run(&format!("{SPEAK} --json 👍 --normalize=english"));
    assert_eq!(ran.json()["notices"], serde_json::json!([]), "{ran}");
}

/// What was spoken before stays.
#[test]
fn what_is_wrong_late_in_a_text_is_told_with_its_place() {
    let sandbox = sandbox();
    for (end, says) in [
        (
            &b"Caf\xe9."[..],
            "cannot read the text from standard input: line 1 is not UTF-8 at byte 19: save it as UTF-8\n",
        ),
        (
            b"[pause 61s]",
            "[pause 61s] exceeds the longest pause (60 s)\n",
        ),
    ] {
        let mut speaking = SpeakingCommand::start(&sandbox, "-o kept.wav --words kept.vtt");
        speaking.write("It was said.   ");
        speaking.write(end);
        let ran = speaking.end();
        assert_eq!(ran.code, Some(1), "{ran}");
        let notice = "notice: kept.wav contains what was spoken before the text failed\n";
        assert!(
            ran.stderr.ends_with(&format!("{notice}error: {says}")),
            "{ran}"
        );
        assert!(!samples(&sandbox, "kept.wav").is_empty());
        assert!(sandbox.read("kept.vtt").contains("said"));
        fs::remove_file(sandbox.path("kept.wav")).unwrap();
        fs::remove_file(sandbox.path("kept.vtt")).unwrap();
    }
    // Where nothing was, nothing is kept.
    let mut speaking = SpeakingCommand::start(&sandbox, "-o kept.wav");
    speaking.write(b"caf\xe9");
    assert_eq!(speaking.end().code, Some(1));
    assert!(!sandbox.path("kept.wav").exists());
}

/// A file that is standard input is read as any file: all of it is checked before.
#[cfg(unix)]
#[test]
fn a_file_as_standard_input_is_a_file() {
    let sandbox = sandbox();
    sandbox.write("t.txt", "First.\nSecond.\n");
    let script = format!("read -r line; pocket-onnx {SPEAK} - -q -o second.wav");
    let command = env!("CARGO_BIN_EXE_pocket-onnx");
    let script = script.replace("pocket-onnx", command);
    let mut shell = std::process::Command::new("sh");
    let shell = shell.args(["-c", &script]).current_dir(sandbox.path("."));
    let shell = shell.stdin(fs::File::open(sandbox.path("t.txt")).unwrap());
    assert!(shell.status().unwrap().success());
    sandbox
        .run(&format!("{SPEAK} -q Second. -o expected.wav"))
        .ok();
    assert_eq!(
        samples(&sandbox, "second.wav"),
        samples(&sandbox, "expected.wav")
    );
    sandbox.write(
        "t.txt",
        [b"Long. ".repeat(20_000).as_slice(), b"\xe9"].concat(),
    );
    let mut command = sandbox.command(&format!("{SPEAK} - -o bad.wav"));
    let command = command.stdin(fs::File::open(sandbox.path("t.txt")).unwrap());
    let ran = sandbox.finish("speak", command);
    assert!(
        ran.error().contains("line 1 is not UTF-8 at byte 120001"),
        "{ran}"
    );
    assert!(!sandbox.path("bad.wav").exists());
}

/// An interrupt ends a wait for text, and keeps what was spoken.
#[cfg(unix)]
#[test]
fn an_interrupt_while_text_is_waited_for_keeps_what_was_spoken() {
    let sandbox = sandbox();
    let mut speaking = SpeakingCommand::start(&sandbox, "-o sound.wav --words words.vtt");
    speaking.write("It was said. ");
    let partial = || {
        let files = fs::read_dir(sandbox.path(".")).unwrap();
        let size = |file: std::io::Result<fs::DirEntry>| {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            (name.contains("sound.wav.")).then(|| file.metadata().unwrap().len())
        };
        files.filter_map(size).max().unwrap_or_default()
    };
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while partial() < 10_000 {
        assert!(std::time::Instant::now() < deadline, "nothing is spoken");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let kill = format!("kill -INT {}", speaking.child.id());
    let sent = std::process::Command::new("sh")
        .args(["-c", &kill])
        .status();
    assert!(sent.unwrap().success());
    let SpeakingCommand { line, child, input } = speaking;
    let ran = Ran::new(&line, child.wait_with_output().unwrap());
    drop(input);
    assert_eq!(ran.code, Some(130), "{ran}");
    assert!(!samples(&sandbox, "sound.wav").is_empty());
}
