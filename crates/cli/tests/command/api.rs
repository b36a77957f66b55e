//! `serve` as other programs use it: OpenAI's protocol, pocket-tts's form, and what may not be.

#![cfg(unix)]

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::sandbox::Sandbox;

#[path = "api/chat.rs"]
mod chat;
#[path = "api/documented.rs"]
mod documented;

const TEXT: &str = "The morning train was late, so we walked along the river.";

/// A server of the included model, which ends with the value.
struct Api {
    child: Child,
    address: String,
    sandbox: Sandbox,
}

struct ApiAnswer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Api {
    fn start(options: &str) -> Self {
        let sandbox = Sandbox::new();
        let mut command = sandbox.command(&format!("serve {options}"));
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut url = String::new();
        let stdout = child.stdout.as_mut().unwrap();
        BufReader::new(stdout).read_line(&mut url).unwrap();
        let address = url.trim().trim_end_matches('/');
        let address = address.strip_prefix("http://").unwrap().to_owned();
        Self {
            child,
            address,
            sandbox,
        }
    }

    /// Sends a request and leaves the rest of the answer in the stream.
    fn send(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|header| header.starts_with("Host:")) {
            head += "Host: localhost\r\n";
        }
        for header in headers {
            write!(head, "{header}\r\n").unwrap();
        }
        write!(head, "Content-Length: {}\r\n\r\n", body.len()).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        stream
    }

    fn ask(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> ApiAnswer {
        let mut stream = self.send(method, path, headers, body);
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        ApiAnswer::parse(&bytes)
    }

    fn speak(&self, request: &Value) -> ApiAnswer {
        let body = request.to_string();
        self.ask(
            "POST",
            "/v1/audio/speech",
            &["Content-Type: application/json"],
            body.as_bytes(),
        )
    }

    /// Writes sound to a file, decodes it, and returns the samples.
    fn decode(&self, name: &str, sound: &[u8]) -> Vec<i16> {
        self.sandbox.write(name, sound);
        let output = Command::new("ffmpeg")
            .args(["-v", "error", "-i"])
            .arg(self.sandbox.path(name))
            .args(["-f", "s16le", "-ac", "1", "-ar", "24000", "-"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.is_empty(), "{name}: {said}");
        samples(&output.stdout)
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl ApiAnswer {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|at| at == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no head: {}", String::from_utf8_lossy(bytes)));
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut body = bytes[end + 4..].to_vec();
        if head.contains("transfer-encoding: chunked") {
            body = unchunked(&body);
        }
        Self { status, head, body }
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The message of an error in OpenAI's shape.
    fn error(&self, status: u16, param: Option<&str>) -> String {
        let json = self.json();
        assert_eq!(self.status, status, "{json}");
        let error = &json["error"];
        assert_eq!(error["param"].as_str(), param, "{json}");
        assert!(error["type"].is_string(), "{json}");
        error["message"].as_str().unwrap().to_owned()
    }
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let line = bytes.windows(2).position(|at| at == b"\r\n").unwrap();
        let length = std::str::from_utf8(&bytes[..line]).unwrap();
        let length = usize::from_str_radix(length, 16).unwrap();
        if length == 0 {
            return body;
        }
        body.extend(&bytes[line + 2..line + 2 + length]);
        bytes = &bytes[line + 2 + length + 2..];
    }
}

fn samples(bytes: &[u8]) -> Vec<i16> {
    let pairs = bytes.chunks_exact(2);
    pairs.map(|b| i16::from_le_bytes([b[0], b[1]])).collect()
}

#[test]
fn openai_s_clients_get_every_format() {
    let api = Api::start("");
    let request = |format: &str| {
        json!({
            "model": "tts-1", "voice": "alloy", "input": TEXT, "response_format": format, "seed": 7,
            "instructions": "Speak like a pirate."
        })
    };
    let wav = api.speak(&request("wav"));
    assert_eq!(wav.status, 200);
    assert!(wav.head.contains("content-type: audio/wav"), "{}", wav.head);
    // The header is true, so that strict readers play to the end and no further.
    assert!(
        wav.head
            .contains(&format!("content-length: {}", wav.body.len())),
        "{}",
        wav.head
    );
    let length = u32::from_le_bytes(wav.body[40..44].try_into().unwrap());
    assert_eq!(length as usize, wav.body.len() - 44);
    let expected = samples(&wav.body[44..]);
    let reader = hound::WavReader::new(&wav.body[..]).unwrap();
    assert_eq!(reader.len() as usize, expected.len());

    let flac = api.speak(&request("flac"));
    assert!(flac.head.contains("content-length"), "{}", flac.head);
    assert_eq!(api.decode("a.flac", &flac.body), expected);
    let pcm = api.speak(&request("pcm"));
    assert_eq!(samples(&pcm.body), expected);
    for (format, media_type, slack) in [("opus", "audio/ogg", 24), ("mp3", "audio/mpeg", 4 * 576)] {
        let answer = api.speak(&request(format));
        assert!(
            answer.head.contains(&format!("content-type: {media_type}")),
            "{}",
            answer.head
        );
        assert!(answer.head.contains("chunked"), "{}", answer.head);
        let decoded = api.decode(&format!("a.{format}"), &answer.body);
        assert!(
            decoded.len().abs_diff(expected.len()) <= slack,
            "{format}: {}",
            decoded.len()
        );
    }
    // Their default is MP3; a voice may be an object.
    let answer =
        api.speak(&json!({ "model": "gpt-4o-mini-tts", "voice": {"id": "heron"}, "input": "Hi." }));
    assert!(answer.head.contains("audio/mpeg"), "{}", answer.head);

    // A stream says that its length is unknown, and is the same sound.
    let mut streamed = request("wav");
    streamed["stream"] = true.into();
    let answer = api.speak(&streamed);
    assert_eq!(answer.body[40..44], [0xff; 4]);
    assert_eq!(samples(&answer.body[44..]), expected);

    // Faster is shorter.
    let mut faster = request("pcm");
    faster["speed"] = 1.5.into();
    let ratio = api.speak(&faster).body.len() as f64 / pcm.body.len() as f64;
    assert!((0.6..0.73).contains(&ratio), "{ratio}");
}

#[test]
fn events_carry_sound_and_words() {
    let api = Api::start("");
    let answer = api.speak(&json!({
        "model": "starling", "voice": "robin", "input": TEXT, "response_format": "pcm", "seed": 7,
        "stream_format": "sse", "timestamps": true
    }));
    assert!(
        answer.head.contains("content-type: text/event-stream"),
        "{}",
        answer.head
    );
    let text = String::from_utf8(answer.body).unwrap();
    let events: Vec<Value> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    let (last, deltas) = events.split_last().unwrap();
    assert_eq!(last["type"], "speech.audio.done");
    assert!(last["usage"]["input_tokens"].as_u64().unwrap() > 5);
    let mut sound = Vec::new();
    let mut words = Vec::new();
    for event in deltas {
        assert_eq!(event["type"], "speech.audio.delta");
        sound.extend(
            BASE64_STANDARD
                .decode(event["audio"].as_str().unwrap())
                .unwrap(),
        );
        words.extend(event["words"].as_array().unwrap().clone());
    }
    let whole = api.speak(&json!({
        "model": "starling", "voice": "robin", "input": TEXT, "response_format": "pcm", "seed": 7
    }));
    assert!(sound == whole.body);
    let written: Vec<_> = words
        .iter()
        .map(|word| word["text"].as_str().unwrap().trim())
        .collect();
    assert_eq!(written.join(" "), TEXT);
    let starts: Vec<_> = words
        .iter()
        .map(|word| word["start"].as_f64().unwrap())
        .collect();
    assert!(starts.is_sorted(), "{starts:?}");
    let (from, to) = (
        words[2]["from"].as_u64().unwrap(),
        words[2]["to"].as_u64().unwrap(),
    );
    assert_eq!(TEXT[from as usize..to as usize].trim(), "train");
}

#[test]
fn what_cannot_be_spoken_is_told_in_openai_s_shape() {
    let api = Api::start("--max-text 100");
    let base = json!({ "model": "tts-1", "voice": "alloy", "input": "Hello." });
    for (member, value, status, says) in [
        ("input", json!(""), 400, "empty"),
        ("input", json!("  \n"), 400, "empty"),
        ("input", json!(5), 400, "not a string"),
        ("input", Value::Null, 400, "missing"),
        ("input", json!("word ".repeat(21)), 400, "100 are allowed"),
        ("model", json!("gemma"), 404, "there is starling"),
        ("voice", json!("brad"), 400, "robin, heron"),
        ("voice", json!(7), 400, "a name"),
        ("response_format", json!("aac"), 400, "mp3"),
        (
            "response_format",
            json!("midi"),
            400,
            "wav, pcm, flac, opus, mp3",
        ),
        ("speed", json!(4.0), 400, "0.5"),
        ("speed", json!("fast"), 400, "a number, not \"fast\""),
        ("stream_format", json!("websocket"), 400, "sse"),
        ("timestamps", json!(true), 400, "sse"),
        ("stream", json!("yes"), 400, "true or false"),
        ("seed", json!(-1), 400, "whole number"),
        ("temperature", json!(-1.0), 400, "variance"),
    ] {
        let mut request = base.clone();
        request[member] = value.clone();
        let answer = api.speak(&request);
        let message = answer.error(status, Some(member));
        assert!(message.contains(says), "{member} {value}: {message}");
    }
    let form = api.ask("POST", "/v1/audio/speech", &[], b"input=Hello");
    assert!(form.error(400, None).contains("{\"input\": \"Hello.\"}"));
    let nothing = api.ask("POST", "/v1/audio/speech", &[], b"{");
    assert!(nothing.error(400, None).contains("not JSON"));
    assert!(
        api.ask("POST", "/v1/audio/speech", &[], b"[]")
            .error(400, None)
            .contains("object")
    );
    assert!(
        api.ask("POST", "/v1/chat/completions", &[], b"{}")
            .error(404, None)
            .contains("speech")
    );
    let other = api.ask("GET", "/v1/audio/speech", &[], b"");
    assert!(other.error(405, None).contains("GET"));
    assert!(other.head.contains("allow: post"), "{}", other.head);
    let huge = vec![b' '; 1 << 20];
    let refused = api.ask("POST", "/v1/audio/speech", &[], &huge);
    refused.error(413, None);

    // Programs try again after an error of the server's.
    for request in [
        json!({ "input": "[pause 90s] Hi." }),
        json!({ "input": "[pause 90s] Hi.", "response_format": "wav" }),
    ] {
        let told = api.speak(&request).error(400, None);
        assert!(told.contains("[pause 90s]"), "{told}");
    }

    // Chat programs that split texts send such parts: silence, so that the next part plays.
    for text in ["...", "🙂", "— !"] {
        let answer = api.speak(&json!({ "input": text, "response_format": "pcm" }));
        assert_eq!(answer.status, 200, "{text}");
        let sound = samples(&answer.body);
        assert!(
            sound.len() == 4800 && sound.iter().all(|sample| *sample == 0),
            "{text}"
        );
    }
}

#[test]
fn a_voice_that_nobody_has_is_refused_at_the_start() {
    let ran = Sandbox::new().run("serve --voice-map mom=robin,nova=nosuch");
    let error =
        "--voice-map nova=nosuch: no model here has a voice \"nosuch\"; there are: robin, heron\n";
    assert_eq!(ran.error(), error);
}

#[test]
fn models_voices_and_health_are_told() {
    let api = Api::start("--voice-map nova=heron,mom=robin,dad=alloy");
    let models = api.ask("GET", "/v1/models", &[], b"").json();
    assert_eq!(models["data"][0]["id"], "starling");
    assert_eq!(models["data"][0]["object"], "model");
    assert_eq!(
        api.ask("GET", "/v1/models/starling", &[], b"").json()["id"],
        "starling"
    );
    api.ask("GET", "/v1/models/none", &[], b"")
        .error(404, Some("model"));
    // What Open WebUI lists in its settings.
    let models = api.ask("GET", "/v1/audio/models", &[], b"").json();
    assert_eq!(models["models"][0]["id"], "starling");
    let voices = api.ask("GET", "/v1/audio/voices", &[], b"").json();
    assert_eq!(voices["voices"][1]["id"], "heron");
    assert_eq!(voices["voices"][1]["name"], "heron");
    // The server answers while it loads the model.
    while api.ask("GET", "/health", &[], b"").status == 503 {
        std::thread::sleep(Duration::from_millis(10));
    }
    let health = api.ask("GET", "/health", &[], b"").json();
    assert_eq!(health["status"], "healthy");
    let pcm = |voice: &str| {
        let request =
            json!({ "input": "Hello.", "voice": voice, "response_format": "pcm", "seed": 1 });
        api.speak(&request).body
    };
    assert!(pcm("nova") == pcm("heron") && pcm("mom") == pcm("robin"));
    assert!(pcm("nova") != pcm("mom"));
    // A field that was left empty in a program's settings means the default.
    let request = json!({
        "model": "", "voice": "", "input": "Hello.", "response_format": "pcm", "seed": 1
    });
    assert!(api.speak(&request).body == pcm("robin"));
}

#[test]
fn requests_are_counted_for_prometheus_if_asked_for() {
    let metrics = |api: &Api| api.ask("GET", "/metrics", &[], b"");
    assert_eq!(metrics(&Api::start("")).status, 404);
    let api = Api::start("--metrics");
    assert_eq!(api.speak(&json!({ "input": TEXT })).status, 200);
    assert_eq!(api.speak(&json!({ "input": "" })).status, 400);
    // A request is counted once its sound has been handed over.
    let deadline = Instant::now() + Duration::from_secs(10);
    let told = loop {
        let answer = metrics(&api);
        assert!(answer.head.contains("application/openmetrics-text"));
        let told = String::from_utf8(answer.body).unwrap();
        if told.contains("outcome=\"spoken\"") || Instant::now() > deadline {
            break told;
        }
    };
    for line in [
        "pocket_onnx_requests_total{outcome=\"spoken\"} 1",
        "pocket_onnx_waiting 0",
        "pocket_onnx_first_sound_seconds_count 1",
        "# EOF",
    ] {
        assert!(told.lines().any(|it| it == line), "{line}:\n{told}");
    }
    let sound = "pocket_onnx_sound_seconds_total ";
    let seconds = told.lines().find_map(|line| line.strip_prefix(sound));
    let seconds: f64 = seconds.unwrap().parse().unwrap();
    assert!((2.0..8.0).contains(&seconds), "{seconds}");
}

#[test]
fn pocket_tts_s_form_is_answered() {
    let api = Api::start("");
    let form = |parts: &[(&str, &str, &[u8])]| {
        let mut body = Vec::new();
        for (name, file, value) in parts {
            body.extend(b"--X\r\nContent-Disposition: form-data; name=\"");
            body.extend(format!("{name}\"{file}\r\n\r\n").as_bytes());
            body.extend(*value);
            body.extend(b"\r\n");
        }
        body.extend(b"--X--\r\n");
        api.ask(
            "POST",
            "/tts",
            &["Content-Type: multipart/form-data; boundary=X"],
            &body,
        )
    };
    let answer = form(&[("text", "", b"Hello there."), ("voice_url", "", b"heron")]);
    assert_eq!(answer.status, 200, "{}", answer.head);
    assert!(answer.head.contains("audio/wav") && answer.head.contains("generated_speech.wav"));
    assert!(
        samples(&answer.body[44..])
            .iter()
            .any(|sample| sample.abs() > 1000)
    );
    // A recording becomes a voice.
    let recording = &answer.body;
    let cloned = form(&[
        ("text", "", b"Hello."),
        ("voice_wav", "; filename=\"a.wav\"", recording),
    ]);
    assert_eq!(
        cloned.status,
        200,
        "{}",
        String::from_utf8_lossy(&cloned.body)
    );
    form(&[("text", "", b" ")]).error(400, Some("text"));
    let address = form(&[
        ("text", "", b"Hi."),
        ("voice_url", "", b"http://localhost/a.wav"),
    ]);
    assert!(
        address
            .error(400, Some("voice_url"))
            .contains("not fetched")
    );
    form(&[
        ("text", "", b"Hi."),
        ("voice_wav", "; filename=\"a.wav\"", b"nothing"),
    ])
    .error(400, Some("voice_wav"));
    let both = form(&[
        ("text", "", b"Hi."),
        ("voice_url", "", b"robin"),
        ("voice_wav", "; filename=\"a\"", b"x"),
    ]);
    both.error(400, Some("voice_url"));
}

#[test]
fn sound_comes_while_it_is_made() {
    let api = Api::start("");
    let long = format!("{TEXT} ").repeat(60);
    let request = json!({ "input": long, "response_format": "mp3" }).to_string();
    let started = Instant::now();
    let mut stream = api.send("POST", "/v1/audio/speech", &[], request.as_bytes());
    let mut first = [0; 2048];
    stream.read_exact(&mut first).unwrap();
    let early = started.elapsed();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    let late = started.elapsed();
    assert!(early < late / 3, "{early:?} of {late:?}");
    assert!(rest.ends_with(b"0\r\n\r\n"));
}

#[test]
fn who_has_gone_holds_nobody_up_and_too_many_are_refused() {
    let api = Api::start("--workers 1 --queue 1");
    // An hour of sound, for somebody who goes.
    let long = json!({ "input": format!("{TEXT} ").repeat(330), "response_format": "pcm" });
    let long = long.to_string();
    let first = |stream: &mut TcpStream| {
        let mut byte = [0; 512];
        stream.read_exact(&mut byte).unwrap();
    };
    let mut gone = api.send("POST", "/v1/audio/speech", &[], long.as_bytes());
    first(&mut gone);
    // One is spoken, one may wait, and the next is refused.
    let waiting = api.send("POST", "/v1/audio/speech", &[], long.as_bytes());
    std::thread::sleep(Duration::from_millis(300));
    let refused = api.speak(&json!({ "input": "Hello." }));
    refused.error(429, None);
    assert!(refused.head.contains("retry-after: 1"), "{}", refused.head);
    drop(waiting);
    drop(gone);
    // The worker is free long before the hour was spoken.
    let started = Instant::now();
    loop {
        let answer = api.speak(&json!({ "input": "Hello.", "response_format": "pcm" }));
        if answer.status == 200 {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn foreign_pages_and_those_without_the_key_are_refused() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run("serve --host 0.0.0.0");
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.says(&["--api-key"]), "{ran}");
    drop(sandbox);

    let api = Api::start(
        "--api-key secret --allow-origin https://chat.example --allow-host speech.example",
    );
    let speech = json!({ "input": "Hello.", "response_format": "pcm" }).to_string();
    let ask = |headers: &[&str]| api.ask("POST", "/v1/audio/speech", headers, speech.as_bytes());
    let key = "Authorization: Bearer secret";
    let answer = ask(&[]);
    assert!(answer.error(401, None).contains("API key"));
    assert!(
        answer.head.contains("www-authenticate: bearer"),
        "{}",
        answer.head
    );
    assert_eq!(ask(&["Authorization: Bearer other"]).status, 401);
    assert_eq!(ask(&[key]).status, 200);
    assert_eq!(ask(&[key, "Host: speech.example:99"]).status, 200);
    assert_eq!(ask(&[key, "Host: 10.0.0.7"]).status, 200);
    ask(&[key, "Host: evil.example"]).error(403, None);
    ask(&[key, "Origin: https://evil.example"]).error(403, None);
    let allowed = ask(&[key, "Origin: https://chat.example"]);
    assert_eq!(allowed.status, 200);
    assert!(
        allowed
            .head
            .contains("access-control-allow-origin: https://chat.example")
    );
    assert_ne!(api.ask("GET", "/health", &[], b"").status, 401);
    // Browsers ask before they send JSON.
    let preflight = |origin: &str| {
        let headers = [
            origin,
            "Access-Control-Request-Method: POST",
            "Access-Control-Request-Headers: content-type",
        ];
        api.ask("OPTIONS", "/v1/audio/speech", &headers, b"").head
    };
    let head = preflight("Origin: https://chat.example");
    assert!(
        head.contains("access-control-allow-origin: https://chat.example"),
        "{head}"
    );
    assert!(
        head.contains("access-control-allow-headers: authorization,content-type"),
        "{head}"
    );
    assert!(!preflight("Origin: https://evil.example").contains("access-control-allow-origin"));
}
