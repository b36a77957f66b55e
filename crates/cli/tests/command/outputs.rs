//! Outputs that are links, devices, pipes, mounted files, or files of somebody else.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, symlink};

use crate::namespace::WITHOUT_POWERS;
use crate::sandbox::{Ran, Sandbox, TINY};

const SPEAK_QUIETLY: &str = "speak Hi. --bundle b --seed 1 --quiet";
const CONVERT_VOICE: &str = "voice convert synthetic_1 --bundle b";

/// A folder with a bundle in `b`, what it says in `said.wav`, and a voice file of it.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run(&format!("{TINY} --output-dir b --quiet")).ok();
    sandbox.run(&format!("{SPEAK_QUIETLY} -o said.wav")).ok();
    sandbox
        .run(&format!("{CONVERT_VOICE} -o voice.safetensors"))
        .ok();
    sandbox
}

impl Sandbox {
    fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// Whether the sound in `name` is that in `said.wav`, header aside.
    fn is_sound(&self, name: &str) -> bool {
        let (found, said) = (self.bytes(name), self.bytes("said.wav"));
        found.get(44..) == said.get(44..)
    }
}

#[test]
fn a_link_to_standard_output_is_followed() {
    let sandbox = sandbox();
    symlink("/proc/self/fd/1", sandbox.path("out")).unwrap();
    for output in ["out", "/dev/stdout", "-", "/proc/self/fd/1"] {
        let file = fs::File::create(sandbox.path("sound.wav")).unwrap();
        let mut command = sandbox.command(&format!("{SPEAK_QUIETLY} -o {output}"));
        assert!(command.stdout(file).status().unwrap().success(), "{output}");
        assert!(sandbox.is_sound("sound.wav"), "{output}");
        assert!(sandbox.path("out").is_symlink());
    }
    // What was there before is not overwritten where the shell appends.
    sandbox.write("log", "before ");
    let file = fs::File::options().append(true).open(sandbox.path("log"));
    let mut command = sandbox.command(&format!("{SPEAK_QUIETLY} -o /dev/stdout"));
    assert!(command.stdout(file.unwrap()).status().unwrap().success());
    assert!(sandbox.bytes("log").starts_with(b"before RIFF"));
}

#[test]
fn devices_and_pipes_are_written_and_stay() {
    let sandbox = sandbox();
    for (line, whole) in [
        (SPEAK_QUIETLY, "said.wav"),
        (CONVERT_VOICE, "voice.safetensors"),
    ] {
        let made = sandbox.program("mkfifo").arg("f").status().unwrap();
        assert!(made.success());
        let pipe = sandbox.path("f");
        let reader = std::thread::spawn(move || fs::read(pipe).unwrap());
        sandbox.run(&format!("{line} -o f")).ok();
        let read = reader.join().unwrap();
        assert!(read[44..] == sandbox.bytes(whole)[44..], "{line}");
        let there = fs::symlink_metadata(sandbox.path("f")).unwrap();
        assert!(there.file_type().is_fifo(), "{line}");
        fs::remove_file(sandbox.path("f")).unwrap();

        symlink("/dev/full", sandbox.path("full")).unwrap();
        let ran = sandbox.run(&format!("{line} -o full"));
        assert!(ran.says(&["cannot write full: No space left"]), "{ran}");
        assert!(sandbox.path("full").is_symlink());
        fs::remove_file(sandbox.path("full")).unwrap();
        // Mounted, so that a failure does not take the device of this machine.
        let script =
            format!("touch null; mount --bind /dev/null null; $P {line} -o null; test -c null");
        sandbox.mounting(&script).ok();
    }
}

#[test]
fn an_interrupt_ends_waiting_for_the_reader_of_a_pipe() {
    let sandbox = sandbox();
    let made = sandbox.program("mkfifo").arg("f").status().unwrap();
    assert!(made.success());
    let script = format!("$P {SPEAK_QUIETLY} -o f & sleep 2; kill -INT $!; wait $!");
    // Shells start what is in the background without interrupts.
    let script = script.replace("kill -INT", "kill -TERM");
    let ran = sandbox.mounting(&format!("{script} || exit $?"));
    assert_eq!(ran.code, Some(130), "{ran}");
}

#[test]
fn links_are_followed_and_modes_are_kept() {
    let sandbox = sandbox();
    for (line, whole) in [
        (SPEAK_QUIETLY, "said.wav"),
        (CONVERT_VOICE, "voice.safetensors"),
    ] {
        sandbox.write("target", "old");
        fs::set_permissions(sandbox.path("target"), Permissions::from_mode(0o600)).unwrap();
        let _ = fs::remove_file(sandbox.path("link"));
        symlink("target", sandbox.path("link")).unwrap();
        sandbox.run(&format!("{line} -o link")).ok();
        assert!(sandbox.path("link").is_symlink());
        assert!(sandbox.bytes("target") == sandbox.bytes(whole));
        let mode = fs::metadata(sandbox.path("target")).unwrap().mode();
        assert_eq!(mode & 0o7777, 0o600, "{line}");
        // A link that leads to nothing yet.
        fs::remove_file(sandbox.path("target")).unwrap();
        sandbox.run(&format!("{line} -o link")).ok();
        assert!(sandbox.path("link").is_symlink());
        assert!(sandbox.bytes("target") == sandbox.bytes(whole));
    }
}

/// There is no bundle here: what is said of the output is said before anything else is looked at.
#[test]
fn outputs_that_cannot_be_written_are_told_before_the_work() {
    let sandbox = Sandbox::new();
    sandbox.write("file", "precious");
    sandbox.write("locked", "precious");
    let long = format!("{}.wav", "x".repeat(300));
    let mut wrong = Vec::new();
    for line in [
        "speak Hi. --bundle none",
        "voice convert me --bundle none",
        "voice export me --bundle none",
    ] {
        for (output, says) in [
            (long.as_str(), "File name too long"),
            ("nodir/a", "there is no folder nodir"),
            ("file/a", "file is not a folder"),
            (".", "is a folder"),
            ("new/", "is a folder"),
            ("browser/../x/", "is a folder"),
        ] {
            let ran = sandbox.run(&format!("{line} -o {output}"));
            if !ran.error().starts_with("cannot write ") || !ran.error().contains(says) {
                wrong.push(format!("{says}: {ran}"));
            }
        }
        let script = format!(
            "chmod 400 locked; mkdir -p ro; chmod 555 ro; {WITHOUT_POWERS} $P {line} -o locked || true; \
             {WITHOUT_POWERS} $P {line} -o ro/new || true; chmod 755 ro"
        );
        let ran = sandbox.mounting(&script).ok();
        if !ran.says(&["locked: Permission denied", "ro/new: Permission denied"]) {
            wrong.push(ran.to_string());
        }
    }
    let ran = sandbox.run("demo --wav none/demo.wav");
    assert!(ran.error().contains("there is no folder none"), "{ran}");
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(sandbox.read("file"), "precious");
    assert_eq!(sandbox.read("locked"), "precious");
}

/// As single files are mounted into containers.
#[test]
fn a_mounted_file_is_written_in_place() {
    let sandbox = sandbox();
    for (line, whole) in [
        (SPEAK_QUIETLY, "said.wav"),
        (CONVERT_VOICE, "voice.safetensors"),
    ] {
        // Shorter and longer than what comes.
        for old in ["old".to_owned(), "old".repeat(1_000_000)] {
            sandbox.write("source", &old);
            let script =
                format!("touch mounted; mount --bind source mounted; $P {line} -o mounted");
            sandbox.mounting(&script).ok();
            assert!(sandbox.bytes("source") == sandbox.bytes(whole), "{line}");
        }
    }
}

#[test]
fn a_writable_file_in_a_folder_that_is_not_is_written_in_place() {
    let sandbox = sandbox();
    for (line, whole) in [
        (SPEAK_QUIETLY, "said.wav"),
        (CONVERT_VOICE, "voice.safetensors"),
    ] {
        fs::create_dir(sandbox.path("d")).unwrap();
        sandbox.write("d/out", "old");
        let inode = fs::metadata(sandbox.path("d/out")).unwrap().ino();
        let script = format!("chmod 555 d; {WITHOUT_POWERS} $P {line} -o d/out; chmod 755 d");
        sandbox.mounting(&script).ok();
        assert!(sandbox.bytes("d/out") == sandbox.bytes(whole));
        assert_eq!(fs::metadata(sandbox.path("d/out")).unwrap().ino(), inode);

        // And where no other file can be made anywhere, as in a container that is read-only.
        sandbox.write("d/out", "old".repeat(1_000_000));
        let script = format!(
            "chmod 555 d; mkdir -p none; mount -t tmpfs -o ro none none; \
             TMPDIR=none {WITHOUT_POWERS} $P {line} -o d/out; chmod 755 d"
        );
        sandbox.mounting(&script).ok();
        assert!(sandbox.bytes("d/out") == sandbox.bytes(whole));
        fs::remove_dir_all(sandbox.path("d")).unwrap();
    }
}

/// In a folder as `/tmp` only its owner may replace a file, but whom the file's mode allows it may
/// write it.
#[test]
fn a_writable_file_of_another_user_in_a_sticky_folder_is_written_in_place() {
    let sandbox = sandbox();
    let is_root = fs::metadata(sandbox.path("b")).unwrap().uid() == 0
        && std::os::unix::fs::chown(sandbox.path("said.wav"), Some(0), None).is_ok();
    assert!(
        is_root,
        "this test makes files of two users: run it as root"
    );
    for (line, whole) in [
        (SPEAK_QUIETLY, "said.wav"),
        (CONVERT_VOICE, "voice.safetensors"),
    ] {
        fs::create_dir(sandbox.path("d")).unwrap();
        sandbox.write("d/out", "old");
        for (name, mode) in [(".", 0o755), ("d", 0o1777), ("d/out", 0o666)] {
            fs::set_permissions(sandbox.path(name), Permissions::from_mode(mode)).unwrap();
        }
        let mut other = sandbox.program("setpriv");
        other.args(["--reuid=12345", "--regid=12345", "--clear-groups", "--"]);
        other.arg(env!("CARGO_BIN_EXE_pocket-onnx"));
        let line = format!("{line} -o d/out");
        sandbox
            .finish(&line, other.args(line.split_whitespace()))
            .ok();
        assert!(sandbox.bytes("d/out") == sandbox.bytes(whole));
        assert_eq!(fs::metadata(sandbox.path("d/out")).unwrap().uid(), 0);
        assert_eq!(crate::sandbox::names(&sandbox.path("d")), ["out"]);
        fs::remove_dir_all(sandbox.path("d")).unwrap();
    }
}

#[test]
fn a_full_disk_takes_nothing_of_the_old_file() {
    let sandbox = sandbox();
    for line in [SPEAK_QUIETLY, CONVERT_VOICE] {
        // A file that is replaced, and one that has to be written in place.
        for place in ["t/out", "mounted"] {
            let script = format!(
                "mkdir -p t; touch mounted; mount -t tmpfs -o size=16k t t; echo old > t/out; \
                 mount --bind t/out mounted; $P {line} -o {place} && exit 9; test $(cat t/out) = old; \
                 test $(ls -A t | wc -l) = 1"
            );
            // The finished file is kept beside the mounted one: it is not lost.
            let mut shell = sandbox.program("unshare");
            shell.args(["-rm", "sh", "-euc", &script]);
            shell.env("P", env!("CARGO_BIN_EXE_pocket-onnx"));
            let ran = Ran::new(&script, shell.output().unwrap());
            assert_eq!(ran.code, Some(0), "{ran}");
            assert!(ran.says(&["No space left on device"]), "{ran}");
            let kept = sandbox.partial();
            assert_eq!(kept.len(), usize::from(place == "mounted"), "{ran}");
            for kept in kept {
                assert!(ran.says(&["the finished file is kept as ", &kept]), "{ran}");
                assert!(sandbox.bytes(&kept).len() > 20_000);
                fs::remove_file(sandbox.path(&kept)).unwrap();
            }
        }
    }
}

#[test]
fn an_output_that_is_an_input_is_refused_or_safe() {
    let sandbox = sandbox();
    sandbox.write("story", "Once upon a time.");
    symlink("story", sandbox.path("link")).unwrap();
    fs::copy(sandbox.path("said.wav"), sandbox.path("me")).unwrap();
    fs::copy(sandbox.path("said.wav"), sandbox.path("me.wav")).unwrap();
    let before = sandbox.files("b");
    let mut wrong = Vec::new();
    for (line, input, says) in [
        (
            "speak --text-file story -o story --bundle b",
            "story",
            "also the text",
        ),
        (
            "speak --text-file story -o link --bundle b",
            "story",
            "also the text",
        ),
        (
            "speak Hi. --voice me -o me --bundle b",
            "me",
            "also the voice",
        ),
        (
            "speak Hi. --voice ./me -o me --bundle b",
            "me",
            "also the voice",
        ),
        (
            "voice export me -o me --bundle b",
            "me",
            "also the recording",
        ),
        (
            "voice export me.wav -o me.wav --bundle b",
            "me.wav",
            "give me.safetensors",
        ),
        (
            "voice export me -o b/voice.synthetic_1.safetensors --bundle b",
            "me",
            "file of the bundle",
        ),
        (
            "voice convert synthetic_1 -o b/manifest.json --bundle b",
            "me",
            "does not match",
        ),
        (
            "voice convert synthetic_1 -o b/voice.synthetic_2.safetensors --bundle b",
            "me",
            "of the bundle",
        ),
    ] {
        let content = sandbox.bytes(input);
        let ran = sandbox.run(line);
        if !ran.error().contains(says) || sandbox.bytes(input) != content {
            wrong.push(format!("{says}: {ran}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(sandbox.files("b") == before);
    // A voice file may change its form where it is: it is read before it is written.
    sandbox
        .run("voice convert voice.safetensors -o voice.safetensors --older --bundle b")
        .ok();
    sandbox
        .run("voice convert voice.safetensors -o voice.safetensors --bundle b")
        .ok();
    sandbox
        .run(&format!("{CONVERT_VOICE} -o direct.safetensors"))
        .ok();
    assert!(sandbox.bytes("voice.safetensors") == sandbox.bytes("direct.safetensors"));
}

#[test]
fn names_of_other_formats_are_refused_with_the_way_out() {
    let sandbox = Sandbox::new();
    for (line, says) in [
        ("speak Hi. --bundle none -o x.m4a", "ffmpeg -i x.wav x.m4a"),
        ("speak Hi. --bundle none -o x.safetensors", "give x.wav"),
        ("demo --wav x.aac", "ffmpeg -i x.wav x.aac"),
        (
            "voice export me.wav --bundle none -o x.wav",
            "give x.safetensors",
        ),
        (
            "voice convert me --bundle none -o x.mp3",
            "give x.safetensors",
        ),
    ] {
        let ran = sandbox.run(line);
        assert!(ran.error().contains(says), "{ran}");
    }
}

#[test]
fn voices_are_known_by_their_content() {
    let sandbox = sandbox();
    for output in ["me", "me.voice", "-"] {
        let mut command = sandbox.command(&format!("{CONVERT_VOICE} -o {output}"));
        let out = command.output().unwrap();
        assert!(out.status.success(), "{out:?}");
        let name = if output == "-" {
            sandbox.write("piped", &out.stdout);
            "piped"
        } else {
            assert!(out.stdout.is_empty());
            output
        };
        assert!(
            sandbox.bytes(name) == sandbox.bytes("voice.safetensors"),
            "{output}"
        );
        sandbox
            .run(&format!(
                "speak Hi. --bundle b --voice {name} --quiet --seed 1 -o out.wav"
            ))
            .ok();
        assert!(sandbox.is_sound("out.wav"), "{output}");
        sandbox
            .run(&format!(
                "voice import {name} --bundle b --name {}",
                &name[..2]
            ))
            .ok();
        sandbox
            .run(&format!("voice convert {name} --bundle b --f16 -o half"))
            .ok();
    }
    assert!(!sandbox.path("-").exists());
    // And a recording that is called as voices are.
    fs::copy(sandbox.path("said.wav"), sandbox.path("said.safetensors")).unwrap();
    let ran = sandbox.run("voice import said.safetensors --bundle b");
    assert!(ran.error().contains("is a recording"), "{ran}");
}

#[test]
fn the_reader_of_a_voice_may_go_away() {
    let sandbox = sandbox();
    let script = format!("$P {CONVERT_VOICE} -o - | head -c 10 | wc -c");
    let ran = sandbox.mounting(&script).ok();
    assert_eq!(ran.stdout.trim(), "10", "{ran}");
    assert!(!ran.stderr.contains("error"), "{ran}");
}

#[test]
fn names_that_are_no_text_are_written_and_told() {
    let sandbox = sandbox();
    let name = OsStr::from_bytes(b"caf\xe9.wav");
    let mut command = sandbox.command("speak Hi. --bundle b --seed 1 --json -o");
    let ran = sandbox.finish("speak", command.arg(name)).ok();
    assert_eq!(ran.json()["output"], "caf\u{fffd}.wav", "{ran}");
    assert!(fs::read(sandbox.path("").join(name)).unwrap() == sandbox.bytes("said.wav"));
    let name = OsStr::from_bytes(b"b\xe9");
    let mut command = sandbox.command(&format!("{TINY} --json --output-dir"));
    let ran = sandbox.finish("convert", command.arg(name)).ok();
    assert_eq!(ran.json()["output_dir"], "b\u{fffd}", "{ran}");
    let mut command = sandbox.command("inspect");
    sandbox.finish("inspect", command.arg(name)).ok();
}
