//! Mounts, as containers have them: a shell in a mount namespace of its own.

use crate::sandbox::{Ran, Sandbox};

/// What a shell puts before a command that has to heed permissions although it is root's.
pub(crate) const WITHOUT_POWERS: &str = "setpriv --inh-caps=-all --bounding-set=-all --";

impl Sandbox {
    /// Runs `script` in a shell that may mount; `$P` is the command. What it mounts goes with it.
    pub(crate) fn mounting(&self, script: &str) -> Ran {
        let mut shell = self.program("unshare");
        shell.args(["-rm", "sh", "-euc", script]);
        shell.env("P", env!("CARGO_BIN_EXE_pocket-onnx"));
        let ran = self.finish(script, &mut shell);
        // These tests are not skipped where namespaces cannot be had: they fail.
        assert!(
            !ran.stderr.contains("unshare: "),
            "namespaces are needed: {ran}"
        );
        ran
    }
}
