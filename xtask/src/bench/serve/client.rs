//! Clients that ask a server again and again.

use std::io::Read as _;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Bytes of a WAV header.
const WAV_HEADER: usize = 44;
/// Bytes of a second of sound.
const SECOND: f64 = 48_000.0;
/// Separates the parts of a form.
const BOUNDARY: &str = "pocket-onnx-bench";

/// What clients received in some time.
#[derive(Default)]
pub(crate) struct Load {
    /// Seconds from each request to its first sound.
    pub(crate) first_sounds: Vec<f64>,
    /// Seconds of sound in a second, of all clients.
    pub(crate) throughput: f64,
}

/// What one request received.
struct Received {
    first_sound: Option<f64>,
    bytes: usize,
}

/// Lets so many clients ask for `window`; requests that are not answered by then are given up.
pub(crate) fn under_load(url: &str, text: &str, clients: usize, window: Duration) -> Result<Load> {
    // Then the server is warm.
    ask(url, text, Instant::now() + Duration::from_mins(1))?;
    let begun = Instant::now();
    let end = begun + window;
    let received = thread::scope(|scope| {
        let client = || -> Result<Vec<Received>> {
            let mut received = Vec::new();
            while Instant::now() < end {
                received.push(ask(url, text, end)?);
            }
            Ok(received)
        };
        let clients: Vec<_> = (0..clients).map(|_| scope.spawn(client)).collect();
        let mut received = Vec::new();
        for client in clients {
            let ended = client.join();
            received.extend(ended.map_err(|_| anyhow::anyhow!("a client ended with a panic"))??);
        }
        anyhow::Ok(received)
    })?;
    let took = begun.elapsed().as_secs_f64();
    let bytes: usize = received.iter().map(|it| it.bytes).sum();
    Ok(Load {
        first_sounds: received.iter().filter_map(|it| it.first_sound).collect(),
        throughput: bytes as f64 / SECOND / took,
    })
}

/// Asks for speech, and reads until its end or until `end`.
fn ask(url: &str, text: &str, end: Instant) -> Result<Received> {
    let form = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n{text}\r\n--{BOUNDARY}--\r\n"
    );
    let begun = Instant::now();
    let nothing = Received {
        first_sound: None,
        bytes: 0,
    };
    let patience = end.saturating_duration_since(begun);
    let answer = ureq::post(format!("{url}tts"))
        .config()
        .timeout_global(Some(patience.max(Duration::from_millis(1))))
        .build()
        .content_type(format!("multipart/form-data; boundary={BOUNDARY}"))
        .send(form);
    let answer = match answer {
        Err(ureq::Error::Timeout(_)) => return Ok(nothing),
        answer => answer.context("a request failed")?,
    };
    let mut body = answer.into_body().into_reader();
    let mut received = nothing;
    let mut buffer = vec![0; 1 << 16];
    let mut all = 0;
    loop {
        let count = match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(_) if Instant::now() >= end => break,
            Err(error) => return Err(error).context("an answer broke off"),
        };
        all += count;
        if all > WAV_HEADER {
            let since = begun.elapsed().as_secs_f64();
            received.first_sound.get_or_insert(since);
        }
    }
    received.bytes = all.saturating_sub(WAV_HEADER);
    Ok(received)
}
