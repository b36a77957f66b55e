//! Conversions that are stopped, or meet another one.

use std::collections::BTreeMap;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::sandbox::{Ran, Sandbox, TINY};

/// More than a gigabyte, which takes seconds to write.
const CONVERT_LARGE: &str = "convert --variant english_2026-04_24l --synthetic 1 --output-dir out";

/// A conversion that replaces the bundle in `out`.
struct Running<'a> {
    sandbox: &'a Sandbox,
    child: Child,
    before: BTreeMap<String, Vec<u8>>,
}

impl<'a> Running<'a> {
    /// Starts it, and returns once weights are being written.
    fn start(sandbox: &'a Sandbox) -> Self {
        sandbox.run(&format!("{TINY} --output-dir out")).ok();
        let before = sandbox.files("out");
        let mut command = sandbox.command(CONVERT_LARGE);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let weights = sandbox.path(".out.partial/flow_lm.onnx.data");
        let deadline = Instant::now() + Duration::from_mins(1);
        while !weights.metadata().is_ok_and(|it| it.len() > 1 << 20) {
            assert_eq!(child.try_wait().unwrap(), None, "it is not stopped in time");
            assert!(Instant::now() < deadline, "it does not begin to write");
            thread::sleep(Duration::from_millis(2));
        }
        Self {
            sandbox,
            child,
            before,
        }
    }

    /// Sends a signal, and returns what became of the conversion.
    fn signal(self, name: &str) -> Ran {
        let kill = format!("kill -{name} {}", self.child.id());
        let sent: ExitStatus = Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(sent.success());
        let ran = Ran::new(CONVERT_LARGE, self.child.wait_with_output().unwrap());
        // Whatever happened, the old bundle is there.
        assert_eq!(self.sandbox.files("out"), self.before, "{name}: {ran}");
        ran
    }
}

#[test]
fn an_interrupt_leaves_everything_as_it_was() {
    let sandbox = Sandbox::new();
    for name in ["INT", "TERM", "HUP"] {
        let ran = Running::start(&sandbox).signal(name);
        assert_eq!(ran.code, Some(130), "{name}: {ran}");
        assert_eq!(ran.stdout, "", "{name}");
        assert_eq!(ran.stderr, "error: cancelled\n", "{name}");
        assert_eq!(sandbox.partial(), [""; 0], "{name}");
    }
}

#[test]
fn what_a_killed_conversion_leaves_is_cleared_away() {
    let sandbox = Sandbox::new();
    let ran = Running::start(&sandbox).signal("KILL");
    assert_eq!(ran.code, None, "{ran}");
    assert_eq!(sandbox.partial(), [".out.partial"]);
    // Clears the leftover: every run here is checked for it.
    sandbox
        .run(&format!("{TINY} --opset-version 18 --output-dir out"))
        .ok();
    assert_eq!(sandbox.manifest("out").opset_version, 18);
}

#[test]
fn a_second_conversion_is_told_to_wait() {
    let sandbox = Sandbox::new();
    let running = Running::start(&sandbox);
    let line = format!("{TINY} --output-dir out");
    let output = sandbox.command(&line).output().unwrap();
    let second = Ran::new(&line, output);
    assert!(
        second.error().contains("another conversion is writing"),
        "{second}"
    );
    assert!(second.error().contains("/out: wait for it"), "{second}");
    // Another folder is free, and the first conversion goes on.
    let output = sandbox
        .command(&format!("{TINY} --output-dir other"))
        .output()
        .unwrap();
    Ran::new("other", output).ok();
    sandbox.manifest("other");
    assert_eq!(running.signal("TERM").code, Some(130));
}

/// Whoever wins, the bundle is that of one conversion.
#[test]
fn conversions_that_start_together_do_not_mix() {
    let sandbox = Sandbox::new();
    for round in 0..5 {
        let start = |seed: u64| {
            let line = format!("{TINY}{seed} --output-dir out");
            let mut command = sandbox.command(&line);
            let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
            (line, seed, command.spawn().unwrap())
        };
        let mut seeds = Vec::new();
        for (line, seed, child) in [0, 1, 2].map(start) {
            let ran = Ran::new(&line, child.wait_with_output().unwrap());
            if ran.code == Some(0) {
                seeds.push(10 + seed);
            } else {
                assert!(ran.error().contains("another conversion"), "{ran}");
            }
        }
        let seed = sandbox.manifest("out").synthetic.unwrap().seed;
        assert!(seeds.contains(&seed), "round {round}: {seed} of {seeds:?}");
        assert_eq!(sandbox.partial(), [""; 0]);
    }
}
