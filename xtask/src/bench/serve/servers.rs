//! The servers that are measured.

use std::fs;
use std::io::{BufRead as _, BufReader, ErrorKind};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How long pocket-tts may take to import PyTorch and load a model.
const START: Duration = Duration::from_mins(2);
/// How often it is asked whether it has.
const INTERVAL: Duration = Duration::from_millis(200);
/// How long a server may go on with what nobody waits for any more.
const LEFT_OVER: Duration = Duration::from_mins(5);
/// A server that computes nothing for so many intervals has ended its work.
const IDLE_INTERVALS: usize = 5;

/// A server that answers, until the value is dropped.
pub(crate) struct RunningServer {
    name: &'static str,
    url: String,
    process: KilledChild,
}

/// A process that ends with the value.
pub(crate) struct KilledChild(pub(crate) Child);

impl RunningServer {
    /// `pocket-onnx serve`.
    pub(crate) fn ours(command: &Path, bundle: &Path) -> Result<Self> {
        let process = Command::new(command)
            .arg("serve")
            .arg("--bundle")
            .arg(bundle)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start the server")?;
        let mut server = Self {
            name: "pocket-onnx",
            url: String::new(),
            process: KilledChild(process),
        };
        let stdout = server.process.0.stdout.take().context("no output")?;
        BufReader::new(stdout).read_line(&mut server.url)?;
        server.url = server.url.trim().to_owned();
        server.wait()?;
        Ok(server)
    }

    /// pocket-tts's server; none where the package is not installed.
    pub(crate) fn theirs(config: &Path, voice: &Path) -> Result<Option<Self>> {
        // A port that was free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new("pocket-tts");
        command.args(["serve", "--host", "127.0.0.1", "--port", &port.to_string()]);
        command.arg("--config").arg(config);
        command.arg("--default-voice").arg(voice);
        let started = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let process = match started {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                println!("pocket-tts is not installed (no such command): it is left out");
                return Ok(None);
            }
            process => process.context("cannot start pocket-tts")?,
        };
        let mut server = Self {
            name: "pocket-tts",
            url: format!("http://127.0.0.1:{port}/"),
            process: KilledChild(process),
        };
        server.wait()?;
        Ok(Some(server))
    }

    /// Waits until it has loaded its model.
    fn wait(&mut self) -> Result<()> {
        let begun = Instant::now();
        while ureq::get(format!("{}health", self.url)).call().is_err() {
            if let Some(status) = self.process.0.try_wait()? {
                bail!("{} ended with {status}", self.name);
            }
            if begun.elapsed() > START {
                bail!("{} does not answer", self.name);
            }
            thread::sleep(INTERVAL);
        }
        Ok(())
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// `http://127.0.0.1:PORT/`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Waits until it computes nothing.
    pub(crate) fn wait_until_idle(&self) -> Result<()> {
        let begun = Instant::now();
        let (mut used, mut idle) = (self.processor_time()?, 0);
        while idle < IDLE_INTERVALS {
            if begun.elapsed() > LEFT_OVER {
                bail!("{} does not come to rest", self.name);
            }
            thread::sleep(INTERVAL);
            let now = self.processor_time()?;
            // A process that waits wakes up now and then.
            idle = if now <= used + 1 { idle + 1 } else { 0 };
            used = now;
        }
        Ok(())
    }

    /// What its threads have used, in hundredths of a second.
    fn processor_time(&self) -> Result<u64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.0.id()))?;
        // The name, in parentheses, may hold anything.
        let (_, fields) = stat.rsplit_once(')').context("the system tells no times")?;
        let times = fields.split_whitespace().skip(11).take(2);
        let times = times.map(str::parse::<u64>);
        times
            .sum::<Result<_, _>>()
            .context("the system tells no times")
    }

    /// The largest memory it has had, in bytes.
    pub(crate) fn memory(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.0.id()))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes =
            peak.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        Ok(kilobytes.context("the system tells no memory")? * 1024)
    }
}

impl Drop for KilledChild {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
