//! `pocket-onnx demo`, where no hub can be reached.

use crate::sandbox::Sandbox;

#[test]
fn the_demo_needs_no_hub() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run("demo --output-dir out --wav hello.wav").ok();
    assert!(
        ran.says(&[
            "notice: the weights cannot be had: ",
            "cannot reach http://127.0.0.1:1",
            "(synthetic: random weights, which make noise and not speech)",
        ]),
        "{ran}"
    );
    for part in [
        "english_2m_2026-10 (synthetic: random weights, which make noise and not speech; seed 1)",
        "passed: english_2m_2026-10 (synthetic",
        "pocket-onnx serve --bundle out",
        "pocket-onnx inspect out",
        "listen to hello.wav",
    ] {
        assert!(ran.stdout.contains(part), "{part:?} is not in: {ran}");
    }
    assert_eq!(sandbox.manifest("out").synthetic.unwrap().seed, 1);

    let wav = hound::WavReader::open(sandbox.path("hello.wav")).unwrap();
    assert!(wav.duration() > 24_000 && wav.spec().sample_rate == 24_000);
    let said = "s of sound in hello.wav: real-time factor";
    assert!(ran.says(&[said]), "{ran}");

    // Somebody else's files are no reason for a stand-in.
    sandbox.write("photos/cat.jpg", "");
    let ran = sandbox.run("demo --output-dir photos");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran}");
    assert!(
        ran.says(&["error: ", "cat.jpg"]) && !ran.stderr.contains("synthetic"),
        "{ran}"
    );
}
