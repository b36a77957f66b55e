//! `pocket-onnx demo`, where no hub can be reached.

use crate::sandbox::{REAL, Sandbox, sound};

#[test]
fn the_demo_speaks_without_a_network() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run("demo --output-dir out --wav hello.wav").ok();
    assert!(
        ran.says(&[
            "converting starling: the small English model that is included in this program",
            "s of sound in hello.wav, by robin and heron: ",
        ]),
        "{ran}"
    );
    for part in [
        "starling: 5 graphs, opset 17, ",
        "passed: starling",
        "done in ",
        "spoken into hello.wav",
        "pocket-onnx serve --bundle out",
        "pocket-onnx inspect out",
        "pocket-onnx demo --variant english",
    ] {
        assert!(ran.stdout.contains(part), "{part:?} is not in: {ran}");
    }
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(!said.contains("noise"), "{ran}");
    let manifest = sandbox.manifest("out");
    assert_eq!(manifest.synthetic, None);
    assert_eq!(manifest.variant.as_deref(), Some("starling"));
    let voices: Vec<_> = manifest.voices.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(voices, ["robin", "heron"]);

    // Three sentences, said twice: a person takes eight to twelve seconds for that.
    let sound = sound(&sandbox.path("hello.wav"));
    sound.is_like_speech();
    assert!((9.0..20.0).contains(&sound.seconds), "{sound:?}");

    // The same samples everywhere.
    let first = std::fs::read(sandbox.path("hello.wav")).unwrap();
    sandbox.run("demo --output-dir out --wav hello.wav").ok();
    assert!(first == std::fs::read(sandbox.path("hello.wav")).unwrap());
}

#[test]
fn starling_stands_in_for_a_model_that_cannot_be_had() {
    let sandbox = Sandbox::new();
    let line = "demo --variant english --output-dir out --wav hello.wav";
    let ran = sandbox.run(line).ok();
    assert!(
        ran.says(&[
            "converting english (",
            "notice: english is not available: ",
            "cannot reach http://127.0.0.1:1",
            "converting starling instead: the small English model that is included in this program",
        ]),
        "{ran}"
    );
    assert!(!ran.stderr.contains("noise"), "{ran}");
    assert_eq!(sandbox.manifest("out").variant.as_deref(), Some("starling"));
    sound(&sandbox.path("hello.wav")).is_like_speech();
}

/// Somebody else's files, or a wrong name, are no reason for a stand-in.
#[test]
fn the_demo_does_not_hide_mistakes() {
    let sandbox = Sandbox::new();
    sandbox.write("photos/cat.jpg", "");
    for (line, part) in [
        ("demo --output-dir photos", "cat.jpg"),
        ("demo --output-dir photos --variant english", "cat.jpg"),
        ("demo --output-dir out --variant englsh", "english"),
    ] {
        let ran = sandbox.run(line);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran}");
        assert!(ran.says(&["error: ", part]), "{ran}");
        assert!(!ran.stderr.contains("instead"), "{ran}");
    }
    assert!(!sandbox.path("out").exists());
}

#[test]
fn the_demo_replaces_no_model_of_the_users() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!("{REAL} --output-dir mine --quiet"))
        .ok();
    let ran = sandbox.run("demo --output-dir mine --wav hello.wav");
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(
        ran.says(&["mine holds another model", "--output-dir"]),
        "{ran}"
    );
    assert_eq!(sandbox.manifest("mine").variant, None);
}
