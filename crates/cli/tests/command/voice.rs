//! `pocket-onnx voice`, and `convert --voices`.

use std::fs;
use std::process::Command;

use crate::sandbox::{REAL, Sandbox, TINY};

/// A released model at its real size, and speech by a program that speaks.
fn speaking() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox
        .run("convert --variant english_2m_2026-10 --synthetic 1 --output-dir b --quiet")
        .ok();
    program(
        &sandbox,
        "espeak-ng",
        &[
            "-w",
            "speech.wav",
            "A voice is made of a recording. It should last a few seconds, no more.",
        ],
    );
    sandbox
}

fn program(sandbox: &Sandbox, program: &str, arguments: &[&str]) {
    let status = Command::new(program)
        .args(arguments)
        .current_dir(sandbox.path(""))
        .status()
        .unwrap_or_else(|error| panic!("{program}: {error}: run `cargo xtask setup`"));
    assert!(status.success(), "{program} {arguments:?}");
}

/// The whole way at the real size: real speech of every kind becomes voices that speak.
#[test]
fn recordings_of_every_kind_become_voices() {
    let sandbox = speaking();
    let mut positions = Vec::new();
    for ending in ["wav", "flac", "mp3", "ogg"] {
        for rate in ["8000", "16000", "44100", "48000"] {
            for channels in ["1", "2"] {
                let name = format!("{rate}_{channels}.{ending}");
                let codec: &[&str] = if ending == "ogg" {
                    &["-c:a", "libvorbis"]
                } else {
                    &[]
                };
                let form = ["-ar", rate, "-ac", channels];
                let from = ["-v", "error", "-i", "speech.wav"];
                program(
                    &sandbox,
                    "ffmpeg",
                    &[&from, &form, codec, &[&name]].concat(),
                );
                let ran = sandbox
                    .run(&format!(
                        "voice export {name} -o {name}.safetensors --bundle b"
                    ))
                    .ok();
                assert!(!ran.stderr.contains("WARN"), "{ran}");
                let found = ran.stderr.split(".safetensors: ").nth(1).unwrap();
                positions.push(found.split(' ').next().unwrap().parse::<i64>().unwrap());
            }
        }
    }
    // The same recording, whatever its kind: some 5 seconds of 12.5 positions.
    let (least, most) = (
        positions.iter().min().unwrap(),
        positions.iter().max().unwrap(),
    );
    assert!(
        positions.len() == 32 && *least > 40 && most - least <= 2,
        "{positions:?}"
    );
    // A recording and its voice file say the same.
    for name in ["8000_1.wav", "16000_2.flac", "44100_2.mp3", "48000_1.ogg"] {
        for (voice, out) in [
            (format!("{name}.safetensors"), "1.wav"),
            (name.to_owned(), "2.wav"),
        ] {
            let line = format!("speak --bundle b --voice {voice} --seed 4 -o {out} --quiet Hello.");
            sandbox.run(&line).ok();
        }
        let [one, two] = ["1.wav", "2.wav"].map(|name| fs::read(sandbox.path(name)).unwrap());
        assert_eq!(one, two, "{name}");
        let reader = hound::WavReader::new(&one[..]).unwrap();
        let sound: Vec<i16> = reader.into_samples().map(Result::unwrap).collect();
        let loud = sound.iter().filter(|s| s.unsigned_abs() > 300).count();
        assert!(
            loud > sound.len() / 100,
            "{name}: {loud} of {} samples are loud",
            sound.len()
        );
    }
}

#[test]
fn voice_files_change_their_form_and_come_back() {
    let sandbox = Sandbox::new();
    sandbox.run(&format!("{REAL} --output-dir b --quiet")).ok();
    let records = testkit::records("tiny_english");
    let record = fs::read(records.join("voice.safetensors")).unwrap();
    sandbox.write("voice.safetensors", &record);
    sandbox
        .run("voice convert voice.safetensors --older -o old.safetensors --bundle b")
        .ok();
    sandbox
        .run("voice convert old.safetensors -o new.safetensors --bundle b")
        .ok();
    sandbox
        .run("voice convert old.safetensors --f16 -o half.safetensors --bundle b")
        .ok();
    let tensors = |name: &str| {
        let file = fs::read(sandbox.path(name)).unwrap();
        let file = safetensors::SafeTensors::deserialize(&file).unwrap();
        let mut tensors: Vec<_> = (file.tensors().into_iter())
            .map(|(name, t)| (name, t.shape().to_vec(), t.data().to_vec()))
            .collect();
        tensors.sort();
        tensors
    };
    assert_eq!(tensors("new.safetensors"), tensors("voice.safetensors"));
    assert!(
        tensors("old.safetensors")
            .iter()
            .any(|(name, ..)| name.ends_with("/current_end"))
    );
    let size = |name: &str| fs::metadata(sandbox.path(name)).unwrap().len();
    assert!(size("half.safetensors") * 10 < size("new.safetensors") * 6);

    // Into the bundle, where the manifest names it and `speak` finds it.
    sandbox
        .run("voice import old.safetensors --name mine --bundle b")
        .ok();
    sandbox.run("voice import half.safetensors --bundle b").ok();
    sandbox
        .run("voice import voice.safetensors --name mine --bundle b")
        .ok();
    let names: Vec<_> = sandbox
        .manifest("b")
        .voices
        .into_iter()
        .map(|v| (v.name, v.positions))
        .collect();
    // The first one is the one to use, so it stays the first when it comes again.
    assert_eq!(names, [("mine".to_owned(), 31), ("half".to_owned(), 31)]);
    let list = sandbox.run("voice list --bundle b --json").ok().json();
    assert_eq!(list["bundle"][0]["name"], "mine");
    sandbox.run("speak --bundle b --voice mine Hello.").ok();
    sandbox.run("verify b").ok();
    // Converting again replaces the bundle, its voices included.
    sandbox
        .run(&format!("{REAL} --output-dir b --voices voice.safetensors"))
        .ok();
    assert_eq!(sandbox.manifest("b").voices[0].name, "voice");
}

#[test]
fn convert_puts_voices_into_the_bundle() {
    let sandbox = speaking();
    let voices = |dir: &str| -> Vec<(String, usize)> {
        let manifest = sandbox.manifest(dir);
        manifest
            .voices
            .into_iter()
            .map(|v| (v.name, v.positions))
            .collect()
    };
    let synthetic = [
        ("synthetic_1".to_owned(), 50),
        ("synthetic_2".to_owned(), 50),
    ];
    assert_eq!(voices("b"), synthetic);
    sandbox.run("verify b").ok();
    // Whatever is printed about it says what it is.
    let copy = "voice convert synthetic_1 -o copy.safetensors --bundle b";
    for line in [
        copy,
        "voice import copy.safetensors --bundle b --name synthetic_2",
        "voice list --bundle b",
        "voice export speech.wav -o mine.safetensors --bundle b",
        "speak --bundle b --seed 1 -o said.wav Hello.",
    ] {
        let ran = sandbox.run(line).ok();
        assert!(ran.says(&["notice: this bundle is synthetic"]), "{ran}");
    }
    let list = sandbox.run("voice list --bundle b --json").ok().json();
    assert_eq!(list["synthetic"]["seed"], 1);
    sandbox.run("verify b").ok();
    // A recording is made into a voice with the graphs that were just written.
    let line =
        "convert --variant english_2m_2026-10 --synthetic 1 --output-dir c --voices speech.wav";
    sandbox.run(line).ok();
    let [(name, positions)] = &voices("c")[..] else {
        panic!()
    };
    assert!(name == "speech" && *positions > 40);
    sandbox
        .run("voice export speech.wav -o direct.safetensors --bundle c --f16")
        .ok();
    let direct = fs::read(sandbox.path("direct.safetensors")).unwrap();
    assert_eq!(
        fs::read(sandbox.path("c/voice.speech.safetensors")).unwrap(),
        direct
    );
}

#[test]
fn voices_that_cannot_be_had_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.run(&format!("{TINY} --output-dir b --quiet")).ok();
    let before = sandbox.files("b");
    sandbox.write("a.wav", "no recording");
    sandbox.write("a.safetensors", "no voice");
    sandbox.write("bad name!.safetensors", "no voice");
    let tiny = format!("{TINY} --output-dir b");
    let cases = [
        (format!("{tiny} --voices default"), "a custom model"),
        (format!("{tiny} --voices all"), "a custom model"),
        (format!("{tiny} --voices nobody"), "no voice nobody"),
        (
            format!("{tiny} --voices a.wav"),
            "a.wav is a text, not a recording",
        ),
        (format!("{tiny} --voices a.safetensors"), "not a voice file"),
        (
            format!("{tiny} --voices a.wav,a.safetensors"),
            "two voices are named a",
        ),
        (
            format!("{tiny} --components flow_net --voices a.safetensors"),
            "voices need flow_lm",
        ),
        (
            "convert --variant english_2m_2026-10 --synthetic 1 --output-dir c --voices alba"
                .to_owned(),
            "cannot reach",
        ),
        (
            "voice export a.safetensors -o x.safetensors --bundle b".to_owned(),
            "is a voice already",
        ),
        (
            "voice convert a.wav -o x.safetensors --bundle b".to_owned(),
            "a.wav is a text, not a voice file",
        ),
        (
            "voice import a.safetensors --name x --bundle b".to_owned(),
            "not a voice file",
        ),
        (
            "voice import b/voice.synthetic_1.safetensors --name ../x --bundle b".to_owned(),
            "cannot name a voice",
        ),
        ("voice list --bundle none".to_owned(), "no bundle here"),
        (
            "voice list --variant none".to_owned(),
            "no variant is called",
        ),
    ];
    let mut wrong = Vec::new();
    for (line, says) in cases {
        let ran = sandbox.run(&line);
        if ran.code != Some(1) || !ran.stderr.contains(says) || sandbox.files("b") != before {
            wrong.push(format!("{says:?}: {ran}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let list = sandbox.run("voice list --variant german").ok();
    assert!(
        list.stdout.contains("juergen") && list.stdout.contains("language's default"),
        "{list}"
    );
}

#[test]
fn voices_are_named_after_files_of_any_name() {
    let sandbox = Sandbox::new();
    sandbox.run(&format!("{TINY} --output-dir b --quiet")).ok();
    let names = |dir: &str| -> Vec<String> {
        let manifest = sandbox.manifest(dir);
        manifest
            .voices
            .into_iter()
            .map(|voice| voice.name)
            .collect()
    };
    for name in [
        "Zo\u{eb} M\u{fc}ller.safetensors",
        "a,b.safetensors",
        "a=b.safetensors",
        "\u{58f0}.safetensors",
    ] {
        fs::copy(
            sandbox.path("b/voice.synthetic_1.safetensors"),
            sandbox.path(name),
        )
        .unwrap();
    }
    let mut command = sandbox.command(&format!("{TINY} --output-dir c --voices"));
    let command = command.args([
        "Zo\u{eb} M\u{fc}ller.safetensors",
        "a,b.safetensors",
        "\u{58f0}.safetensors",
    ]);
    let command = command.args([
        "x=a,b.safetensors",
        "a=b.safetensors",
        "y=b/voice.synthetic_2.safetensors,a=b.safetensors",
    ]);
    let ran = sandbox.finish("convert", command);
    // Two of them are called alike.
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(
        ran.says(&["error: two voices are named a_b: rename one of them with NAME="]),
        "{ran}"
    );
    let mut command = sandbox.command(&format!("{TINY} --output-dir c --voices"));
    let command = command.args([
        "Zo\u{eb} M\u{fc}ller.safetensors",
        "a,b.safetensors",
        "\u{58f0}.safetensors",
    ]);
    let command = command.args([
        "x=a,b.safetensors",
        "y=a=b.safetensors,b/voice.synthetic_2.safetensors",
    ]);
    let ran = sandbox.finish("convert", command).ok();
    assert!(ran.says(&["is named Zo_M_ller (NAME=Zo"]), "{ran}");
    assert_eq!(
        names("c"),
        ["Zo_M_ller", "a_b", "voice", "x", "y", "synthetic_2"]
    );
    // A bundle's own file has a name already.
    let ran = sandbox
        .run("voice import c/voice.x.safetensors --bundle b")
        .ok();
    assert!(ran.says(&["b: voice x with 50 positions"]), "{ran}");
    let mut command = sandbox.command("voice import --bundle b");
    sandbox
        .finish("import", command.arg("a,b.safetensors"))
        .ok();
    assert_eq!(names("b"), ["synthetic_1", "synthetic_2", "x", "a_b"]);
}

/// A voice is made by two components, and the one that is missing is named.
#[test]
fn a_recording_needs_the_encoder_and_the_backbone() {
    let sandbox = Sandbox::new();
    program(
        &sandbox,
        "espeak-ng",
        &[
            "-w",
            "me.wav",
            "A voice is made of a recording of a few seconds.",
        ],
    );
    let tiny = "convert --variant english_2m_2026-10 --synthetic 1 --output-dir b";
    let without = format!("{tiny} --components text_conditioner flow_lm --voices me.wav");
    let ran = sandbox.run(&without);
    assert!(ran.error().contains("needs mimi_encoder"), "{ran}");
    assert!(!sandbox.path("b").exists());
    sandbox
        .run(&format!(
            "{tiny} --components flow_lm mimi_encoder --voices me.wav --quiet"
        ))
        .ok();
    assert_eq!(sandbox.manifest("b").voices[0].name, "me");
    // And from such a bundle a voice can be exported.
    sandbox
        .run("voice export me.wav -o me --bundle b --f16")
        .ok();
    let (own, exported) = ("b/voice.me.safetensors", "me");
    assert!(fs::read(sandbox.path(own)).unwrap() == fs::read(sandbox.path(exported)).unwrap());
}
