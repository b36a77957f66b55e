//! `pocket-onnx speak`: text in, WAV out.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::sandbox::{REAL, Ran, Sandbox};

/// A folder with a bundle in `b` that every backend runs, and a recorded voice.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!("{REAL} --dtype f32 --output-dir b --quiet"))
        .ok();
    for (model, name) in [("tiny_english", "voice"), ("tiny_2m", "other")] {
        let record = fs::read(testkit::records(model).join("voice.safetensors")).unwrap();
        sandbox.write(&format!("{name}.safetensors"), record);
    }
    sandbox
}

const SPEAK: &str = "speak --bundle b --voice voice.safetensors --seed 1";

fn samples(sandbox: &Sandbox, name: &str) -> Vec<i16> {
    let reader = hound::WavReader::open(sandbox.path(name)).unwrap();
    let spec = reader.spec();
    assert_eq!(
        (spec.sample_rate, spec.channels, spec.bits_per_sample),
        (24_000, 1, 16)
    );
    reader.into_samples().map(Result::unwrap).collect()
}

/// Runs the command with `text` as its standard input.
fn with_input(sandbox: &Sandbox, line: &str, text: &str) -> std::process::Output {
    let mut child = sandbox
        .command(line)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn one_text_is_the_same_sound_wherever_it_comes_from_and_goes() {
    let sandbox = sandbox();
    let text = "Hello world. [pause 200ms] And more.";
    sandbox.write("text.txt", text);
    let mut command = sandbox.command(&format!("{SPEAK} -o argument.wav --json"));
    let ran = sandbox.finish("speak", command.arg(text)).ok();
    let summary = ran.json();
    let expected = samples(&sandbox, "argument.wav");
    let seconds = expected.len() as f64 / 24_000.0;
    assert_eq!(summary["seconds"].as_f64(), Some(seconds), "{ran}");
    assert_eq!(summary["seed"].as_u64(), Some(1));
    assert_eq!(summary["interrupted"].as_bool(), Some(false));
    for key in [
        "real_time_factor",
        "first_sound_seconds",
        "loading_seconds",
        "peak",
    ] {
        assert!(
            summary[key].as_f64().is_some_and(|value| value > 0.0),
            "{key}: {ran}"
        );
    }

    sandbox
        .run(&format!(
            "{SPEAK} --text-file text.txt -o file.wav --threads 1"
        ))
        .ok();
    assert_eq!(samples(&sandbox, "file.wav"), expected);
    sandbox.write("text.txt", format!("\u{feff}{text}"));
    sandbox
        .run(&format!("{SPEAK} --text-file text.txt -o marked.wav"))
        .ok();
    assert_eq!(samples(&sandbox, "marked.wav"), expected);
    for (line, name) in [("--text-file - -o -", "-"), ("-o - --quiet", "")] {
        let output = with_input(&sandbox, &format!("{SPEAK} {line}"), text);
        assert!(output.status.success(), "{name}: {output:?}");
        let sound: Vec<i16> = (output.stdout[44..].chunks_exact(2))
            .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
            .collect();
        assert_eq!(sound, expected, "{name}");
        // A pipe cannot be told the length afterwards.
        assert_eq!(output.stdout[40..44], [0xff; 4]);
        assert_eq!(output.stderr.is_empty(), line.ends_with("quiet"));
    }

    let mut command = sandbox.command(&format!("{SPEAK} --format f32 -o float.wav"));
    sandbox.finish("speak", command.arg(text)).ok();
    let float = hound::WavReader::open(sandbox.path("float.wav")).unwrap();
    let float: Vec<f32> = float.into_samples().map(Result::unwrap).collect();
    let rounded: Vec<i16> = float
        .iter()
        .map(|v| (v.clamp(-1.0, 1.0) * 32767.0) as i16)
        .collect();
    assert_eq!(rounded, expected);
    // Silence is silent, and speech is not.
    assert!(
        float
            .windows(4800)
            .any(|window| window.iter().all(|&v| v == 0.0))
    );
    assert!(float.iter().any(|v| v.abs() > 1e-3));
}

#[test]
fn options_change_the_sound() {
    let sandbox = sandbox();
    let speak = |options: &str| {
        let seed = if options.contains("--seed") {
            ""
        } else {
            "--seed 1"
        };
        let voice = "--bundle b --voice voice.safetensors";
        let line = format!("speak {voice} {seed} {options} -o out.wav --quiet Hello.");
        sandbox.run(&line).ok();
        samples(&sandbox, "out.wav")
    };
    let plain = speak("");
    let cases = [
        "--seed 2",
        "--temperature 0.9",
        "--steps 3",
        "--noise-clamp 0.1",
        "--eos-threshold -1000",
        "--temperature 0",
    ];
    let same: Vec<_> = cases
        .into_iter()
        .filter(|options| speak(options) == plain)
        .collect();
    assert!(same.is_empty(), "{same:?} change nothing");
    assert_eq!(speak("--threads 4"), plain);
    // 6 frames that are never the end, and those after it.
    for (after, frames) in [(0, 6), (3, 9)] {
        let spoken = speak(&format!("--eos-threshold -1000 --frames-after-eos {after}"));
        assert_eq!(spoken.len(), frames * 1920);
    }
}

#[test]
fn all_backends_speak() {
    let sandbox = sandbox();
    let library = runtime::onnxruntime::installed_library();
    for (backend, name) in [
        ("engine", "engine"),
        ("rten", "rten"),
        ("onnxruntime", "ONNX Runtime"),
    ] {
        let mut command = sandbox.command(&format!("{SPEAK} --json --backend {backend} Hi."));
        let ran = sandbox
            .finish(backend, command.env("ORT_DYLIB_PATH", &library))
            .ok();
        assert_eq!(ran.json()["backend"], name);
    }
    assert!(!samples(&sandbox, "speech.wav").is_empty());
}

/// At a real size products are large enough to be shared out among threads.
#[test]
fn a_seed_says_the_same_with_any_number_of_threads() {
    let sandbox = Sandbox::new();
    sandbox
        .run(
            "convert --variant english_2m_2026-10 --synthetic 1 --output-dir b --quiet --dtype f32",
        )
        .ok();
    sandbox
        .run("convert --variant english_2m_2026-10 --synthetic 1 --output-dir default --quiet")
        .ok();
    let library = runtime::onnxruntime::installed_library();
    for (bundle, backend) in [
        ("default", "engine"),
        ("b", "engine"),
        ("b", "rten"),
        ("b", "onnxruntime"),
    ] {
        let speak = |threads: usize| {
            let line = format!(
                "speak --bundle {bundle} --seed 5 --backend {backend} --threads {threads} --format f32 --quiet Hello."
            );
            let mut command = sandbox.command(&line);
            sandbox
                .finish(&line, command.env("ORT_DYLIB_PATH", &library))
                .ok();
            fs::read(sandbox.path("speech.wav")).unwrap()
        };
        let alone = speak(1);
        for threads in [2, 3, 5, 5] {
            assert!(
                speak(threads) == alone,
                "{bundle}, {backend}, {threads} threads"
            );
        }
    }
}

#[test]
fn what_cannot_be_spoken_is_refused_and_nothing_is_left() {
    let sandbox = sandbox();
    sandbox.run("convert --config tiny_english.yaml --tokenizer tokenizer.json --weights tiny_english.safetensors --components flow_lm --output-dir part").ok();
    sandbox.write("noise.wav", "this is no recording");
    sandbox.write("silent.wav", wav(&[0.0; 4_000]));
    sandbox.write("empty.wav", wav(&[]));
    sandbox.write("latin1.txt", b"caf\xe9");
    let voice = "--voices voice.safetensors --output-dir broken";
    sandbox.run(&format!("{REAL} {voice} --quiet")).ok();
    sandbox.write("broken/voice.voice.safetensors", "no voice");
    let cases = [
        (
            "speak --bundle b --voice voice.safetensors --text-file latin1.txt",
            "cannot read the text in latin1.txt",
        ),
        (
            "speak --bundle b --voice voice.safetensors --text-file none.txt",
            "none.txt",
        ),
        ("speak --bundle none Hello", "no bundle here"),
        ("speak --bundle part Hello", "the bundle has no"),
        ("speak --bundle b Hello", "no voice"),
        (
            "speak --bundle broken Hello",
            "voice voice of the bundle: the file is a text, not a voice file",
        ),
        (
            "speak --bundle b --voice alba Hello",
            "alba works with the released models only",
        ),
        ("speak --bundle b --voice nobody Hello", "no voice nobody"),
        (
            "speak --bundle broken --voice Voice Hello",
            "did you mean voice?",
        ),
        (
            "speak --bundle b --voice other.safetensors Hello",
            "transformer.layers.0.self_attn/cache of the voice has the shape",
        ),
        (
            "speak --bundle b --voice noise.wav Hello",
            "noise.wav is a text, not a recording",
        ),
        ("speak --bundle b --voice silent.wav Hello", "silent"),
        ("speak --bundle b --voice empty.wav Hello", "empty.wav"),
        (
            "speak --bundle b --voice voice.safetensors --temperature -1 Hello",
            "--temperature: the temperature",
        ),
        (
            "speak --bundle b --voice voice.safetensors --steps 0 Hello",
            "--steps: the sampler needs at least 1 step",
        ),
        (
            "speak --bundle b --voice voice.safetensors --noise-clamp 0 Hello",
            "--noise-clamp: the noise clamp",
        ),
        (
            "speak --bundle b --voice voice.safetensors --max-tokens 0 Hello",
            "--max-tokens: chunks of 0 tokens at most: a chunk needs at least 1 token",
        ),
        (
            "speak --bundle b --voice voice.safetensors --eos-threshold nan Hello",
            "--eos-threshold: the end-of-speech threshold is NaN",
        ),
        (
            "speak --bundle b --voice voice.safetensors -o none/out.wav Hello",
            "cannot write none/out.wav",
        ),
        (
            "speak --bundle b --voice voice.safetensors -o b Hello",
            "cannot write b",
        ),
        (
            "speak --bundle b --voice voice.safetensors --backend onnxruntime Hello",
            "no ONNX Runtime library",
        ),
    ];
    let mut wrong = Vec::new();
    for (line, says) in cases {
        let ran = sandbox.run(line);
        if ran.code != Some(1) || !ran.stderr.contains(says) || sandbox.path("speech.wav").exists()
        {
            wrong.push(format!("{says:?}: {ran}"));
        }
    }
    for (text, says) in [
        ("", "the text is empty"),
        (" \n", "the text is empty"),
        ("[pause 1000s] b", "[pause 1000s] exceeds"),
    ] {
        let line = "speak --bundle b --voice voice.safetensors";
        let ran = Ran::new(line, with_input(&sandbox, line, text));
        if ran.code != Some(1) || !ran.stderr.contains(says) || sandbox.path("speech.wav").exists()
        {
            wrong.push(format!("{says:?}: {ran}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// As on a full disk: nothing is left, or what was there.
#[cfg(target_os = "linux")]
#[test]
fn a_write_that_fails_leaves_no_half_of_a_file() {
    let sandbox = sandbox();
    let text = "A sentence that is said again. ".repeat(10);
    for there in [false, true] {
        if there {
            sandbox.write("out.wav", "precious");
        }
        for blocks in [0, 40] {
            let mut shell = sandbox.program("sh");
            let limit = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
            shell.args(["-c", &limit, "sh", env!("CARGO_BIN_EXE_pocket-onnx")]);
            let line = format!("{SPEAK} -o out.wav");
            let ran = sandbox.finish(&line, shell.args(line.split_whitespace()).arg(&text));
            assert_eq!(ran.code, Some(1), "{ran}");
            assert!(ran.says(&["error: cannot write out.wav: "]), "{ran}");
            let left = sandbox.path("out.wav").exists();
            assert!(left == there && (!left || sandbox.read("out.wav") == "precious"));
        }
    }
    for (output, name) in [("/dev/full", "/dev/full"), ("-", "standard output")] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let line = format!("{SPEAK} -o {output}");
        let mut command = sandbox.command(&line);
        let output = command.arg(&text).stdout(full).output().unwrap();
        let ran = Ran::new(&line, output);
        assert_eq!(ran.code, Some(1), "{ran}");
        let error = format!("error: cannot write {name}: No space left");
        assert!(ran.says(&[&error]), "{ran}");
    }
}

/// A mono WAV file of 16-bit samples.
fn wav(samples: &[f32]) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 24_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
    for sample in samples {
        writer.write_sample((sample * 32767.0) as i16).unwrap();
    }
    writer.finalize().unwrap();
    file.into_inner()
}

#[test]
fn an_interrupted_run_leaves_a_playable_file() {
    let sandbox = sandbox();
    sandbox.write("long.txt", "A sentence that is said again. ".repeat(20_000));
    let line = format!("{SPEAK} --text-file long.txt -o long.wav");
    for signal in ["INT", "TERM"] {
        let child = sandbox
            .command(&line)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Until there is a second of sound in the file beside the final place.
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            let partial = sandbox.partial();
            let size = |name: &String| sandbox.path(name).metadata().map_or(0, |it| it.len());
            if partial.iter().map(size).max().unwrap_or(0) > 48_000 {
                break;
            }
            assert!(Instant::now() < deadline, "it does not begin to speak");
            thread::sleep(Duration::from_millis(5));
        }
        let kill = format!("kill -{signal} {}", child.id());
        assert!(
            Command::new("sh")
                .args(["-c", &kill])
                .status()
                .unwrap()
                .success()
        );
        let ran = Ran::new(&line, child.wait_with_output().unwrap());
        assert_eq!(ran.code, Some(130), "{ran}");
        assert!(ran.says(&["(interrupted)"]), "{ran}");
        assert!(samples(&sandbox, "long.wav").len() > 20_000);
        assert!(sandbox.partial().is_empty());
    }
}

#[test]
fn speed_changes_the_time_it_takes_and_is_refused_beyond_its_limits() {
    let sandbox = sandbox();
    let say = |options: &str| {
        let line = format!("{SPEAK} {options} -o out.wav --json");
        let mut command = sandbox.command(&line);
        let ran = sandbox.finish("speak", command.arg("Hello world. [pause 1s] And more."));
        let summary = ran.ok().json();
        (
            summary["speed"].as_f64().unwrap(),
            samples(&sandbox, "out.wav"),
        )
    };
    let (speed, own) = say("");
    assert!((speed - 1.0).abs() < f64::EPSILON);
    assert_eq!(say("--speed 1").1, own);
    for expected in [0.5, 0.5001, 1.25, 1.999, 2.0] {
        let (speed, heard) = say(&format!("--speed {expected}"));
        assert!((speed - expected).abs() < f64::EPSILON);
        let off = heard.len() as f64 - own.len() as f64 / expected;
        assert!(off.abs() < 1920.0, "{expected}: {off} samples off");
    }
    for (wrong, words) in [
        (
            "0.49",
            "the speed has to be a number from 0.5 to 2, not 0.49",
        ),
        (
            "2.01",
            "the speed has to be a number from 0.5 to 2, not 2.01",
        ),
        ("0", "the speed has to be a number from 0.5 to 2, not 0"),
        ("-1", "the speed has to be a number from 0.5 to 2, not -1"),
        ("NaN", "the speed has to be a number from 0.5 to 2, not NaN"),
        (
            "inf",
            "the speed has to be a number from 0.5 to 2, not Infinity",
        ),
        ("fast", "not a number"),
    ] {
        let ran = sandbox.run(&format!("{SPEAK} --speed {wrong} Hello."));
        assert!(ran.says(&[words]), "{ran}");
    }
}

#[test]
fn a_negative_seed_is_refused_by_its_name() {
    let ran = sandbox().run("speak --bundle b --voice voice.safetensors --seed -1 Hello.");
    assert!(
        ran.says(&["--seed", "not a whole number from 0 on"]),
        "{ran}"
    );
}
