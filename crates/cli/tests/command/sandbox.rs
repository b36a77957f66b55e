//! A folder to work in, where nothing of this machine is seen.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bundle::Manifest;
use checkpoint::TokenizerKind;

/// A small model whose weights are random.
pub(crate) const TINY: &str =
    "convert --config tiny_english.yaml --tokenizer tokenizer.json --synthetic 1";
/// The same model with the weights of the fixture.
pub(crate) const REAL: &str = "convert --config tiny_english.yaml --tokenizer tokenizer.json \
                               --weights tiny_english.safetensors";

/// A folder of its own, which is also the home folder.
pub(crate) struct Sandbox {
    folder: tempfile::TempDir,
}

/// What became of one command.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The command, as typed.
    line: String,
    /// None where a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Sandbox {
    /// Holds `NAME.yaml` and `NAME.safetensors` of all fixtures and both tokenizers.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let copy = |from: PathBuf, to: &str| {
            fs::copy(from, folder.path().join(to)).unwrap();
        };
        for name in testkit::SMALL_MODELS {
            copy(testkit::checkpoint(name), &format!("{name}.safetensors"));
            copy(testkit::config_file(name), &format!("{name}.yaml"));
        }
        for kind in [TokenizerKind::Json, TokenizerKind::SentencePiece] {
            copy(testkit::tokenizer_file(kind), kind.file_name());
        }
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The command with the arguments of `line`, which are separated by spaces.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_pocket-onnx"));
        command.args(line.split_whitespace());
        command
    }

    /// Any program, in the folder and without the settings of whoever runs the tests.
    pub(crate) fn program(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).env_clear();
        for name in ["PATH", "SystemRoot"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("HOME", self.folder.path().join("home"));
        // Nothing may leave this machine.
        command.env("HF_ENDPOINT", "http://127.0.0.1:1");
        command
    }

    /// Runs the command to its end.
    pub(crate) fn run(&self, line: &str) -> Ran {
        self.finish(line, &mut self.command(line))
    }

    /// Runs the command with these variables set.
    pub(crate) fn run_with(&self, line: &str, variables: &[(&str, &str)]) -> Ran {
        self.finish(line, self.command(line).envs(variables.iter().copied()))
    }

    /// Runs `command` to its end and checks what holds of every run.
    pub(crate) fn finish(&self, line: &str, command: &mut Command) -> Ran {
        let ran = Ran::new(line, command.output().unwrap());
        assert!(self.partial().is_empty(), "{:?}: {ran}", self.partial());
        ran
    }

    /// Names in the folder that belong to a bundle not yet in place.
    pub(crate) fn partial(&self) -> Vec<String> {
        let mut names = names(self.folder.path());
        names.retain(|name| name.contains(".partial") || name.contains(".old"));
        names
    }

    /// All files of the bundle `dir` with their contents.
    pub(crate) fn files(&self, dir: &str) -> BTreeMap<String, Vec<u8>> {
        let dir = self.path(dir);
        let read = |name: String| {
            let content = fs::read(dir.join(&name)).unwrap();
            (name, content)
        };
        names(&dir).into_iter().map(read).collect()
    }

    /// The graphs and weights of the bundle `dir`.
    pub(crate) fn graphs(&self, dir: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.files(dir);
        files.retain(|name, _| name.contains(".onnx"));
        files
    }

    /// The manifest of the bundle `dir`, all of whose files are as it says.
    pub(crate) fn manifest(&self, dir: &str) -> Manifest {
        let dir = self.path(dir);
        let manifest = Manifest::read(&dir).unwrap();
        for file in manifest.files() {
            file.check(&dir).unwrap();
        }
        let mut expected: Vec<&str> = manifest.files().map(|it| it.name.as_str()).collect();
        expected.push(Manifest::FILE);
        expected.sort_unstable();
        assert_eq!(names(&dir), expected);
        manifest
    }
}

impl Ran {
    pub(crate) fn new(line: &str, output: Output) -> Self {
        let ran = Self {
            line: line.to_owned(),
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!ran.stderr.contains("panicked"), "{ran}");
        ran
    }

    /// The same run, which must have succeeded.
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{self}");
        self
    }

    /// What standard output holds, which must be JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// The message of a failure: the last line, and the only one.
    pub(crate) fn error(&self) -> &str {
        assert_eq!(self.code, Some(1), "{self}");
        assert_eq!(self.stdout, "", "{self}");
        let message = self.stderr.strip_prefix("error: ").unwrap_or_default();
        let lines = message.lines().count();
        assert_eq!(lines, 1, "{self}");
        message
    }

    /// Whether standard error holds all of `parts`.
    pub(crate) fn says(&self, parts: &[&str]) -> bool {
        parts.iter().all(|part| self.stderr.contains(part))
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            line,
            code,
            stdout,
            stderr,
        } = self;
        write!(
            out,
            "`{line}` exits with {code:?}\nstdout: {stdout}\nstderr: {stderr}"
        )
    }
}

/// What can be said of a WAV file without understanding it.
#[derive(Debug)]
pub(crate) struct WavSound {
    pub(crate) seconds: f64,
    /// Seconds between the first and the last sound.
    pub(crate) sounding: f64,
    /// Root mean square.
    level: f64,
    peak: f64,
    /// The part of the windows of 20 ms, between the first and the last sound, that are quiet.
    quiet: f64,
    /// The part of neighbouring samples that differ in sign: of speech far fewer than of noise.
    crossings: f64,
}

/// Measures a WAV file of 16-bit samples.
pub(crate) fn sound(path: &Path) -> WavSound {
    /// Below this root mean square a window is silent, or a pause between words.
    const QUIET: f64 = 0.01;
    let mut wav = hound::WavReader::open(path).unwrap();
    let rate = f64::from(wav.spec().sample_rate);
    let samples: Vec<f64> = wav
        .samples::<i16>()
        .map(|it| f64::from(it.unwrap()) / 32768.0)
        .collect();
    let rms = |samples: &[f64]| {
        let power: f64 = samples.iter().map(|it| it * it).sum();
        (power / samples.len() as f64).sqrt()
    };
    let window = (rate / 50.0) as usize;
    let quiet: Vec<bool> = samples.chunks(window).map(|it| rms(it) < QUIET).collect();
    let first = quiet.iter().position(|it| !it).unwrap_or(0);
    let last = quiet.iter().rposition(|it| !it).unwrap_or(0);
    let within = &quiet[first..=last];
    let crossings = samples.windows(2).filter(|it| it[0] * it[1] < 0.0).count();
    WavSound {
        seconds: samples.len() as f64 / rate,
        sounding: within.len() as f64 * window as f64 / rate,
        level: rms(&samples),
        peak: samples.iter().fold(0.0, |peak, it| it.abs().max(peak)),
        quiet: within.iter().filter(|it| **it).count() as f64 / within.len() as f64,
        crossings: crossings as f64 / samples.len() as f64,
    }
}

impl WavSound {
    /// Neither silence nor noise, nor one long tone.
    pub(crate) fn is_like_speech(&self) {
        assert!((0.02..0.3).contains(&self.level), "{self:?}");
        assert!(self.peak > 0.1, "{self:?}");
        assert!((0.0..0.5).contains(&self.quiet), "{self:?}");
        // Noise has a half, telephone rings and hums less than a hundredth.
        assert!((0.01..0.35).contains(&self.crossings), "{self:?}");
    }
}

/// Names in `dir`, hidden ones included.
pub(crate) fn names(dir: &Path) -> Vec<String> {
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries.map(|entry| name(entry.unwrap())).collect();
    names.sort_unstable();
    names
}
