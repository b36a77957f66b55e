//! The server over HTTP, as a browser talks to it, and as nobody should.

#![allow(clippy::unwrap_used, reason = "helpers fail the test that calls them")]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use bundle::Manifest;
use server::{Access, Models, Page, ServeError, Server, ServerOptions};
use tokio::sync::oneshot;

/// A server with a page and a bundle.
struct Site {
    url: String,
    bundle: testkit::Bundle,
    page: tempfile::TempDir,
    end: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Site {
    fn start(isolation: bool) -> Self {
        let bundle = testkit::bundle("tiny_english", 17).unwrap();
        let page = tempfile::tempdir().unwrap();
        for (name, content) in [
            ("index.html", "<title>page</title>".repeat(99)),
            ("assets/app.js", "export {};\n".repeat(99)),
            ("assets/engine.wasm", "\0asm".repeat(99)),
            ("assets/app.css", "p{}".to_owned()),
            ("app.webmanifest", "{}".to_owned()),
            ("assets/with space.svg", "<svg/>".to_owned()),
            (".secret/key", "key".to_owned()),
        ] {
            let path = page.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let options = ServerOptions {
            page: Some(Page::open(page.path()).unwrap()),
            models: Models::open(bundle.path().parent().unwrap()).unwrap(),
            address: ([127, 0, 0, 1], 0).into(),
            access: Access::default(),
            api: axum::Router::new(),
            isolation,
        };
        let (end, ended) = oneshot::channel::<()>();
        let (told, url) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let server = Server::bind(options).await.unwrap();
                told.send(server.url()).unwrap();
                let ended = async move { ended.await.unwrap_or_default() };
                server.run(ended).await;
            });
            runtime.shutdown_background();
        });
        Self {
            url: url.recv().unwrap(),
            bundle,
            page,
            end: Some(end),
            thread: Some(thread),
        }
    }

    fn address(&self) -> &str {
        let address = self.url.strip_prefix("http://").unwrap();
        address.strip_suffix('/').unwrap()
    }

    /// Sends a request as it stands, without tidying the path.
    fn request(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
        for (name, value) in headers {
            write!(request, "{name}: {value}\r\n").unwrap();
        }
        request += "Connection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        Answer::parse(&answer)
    }

    fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[])
    }

    /// Tells it to end, and returns how long that took.
    fn end(&mut self) -> Duration {
        let began = Instant::now();
        self.end.take().unwrap().send(()).unwrap();
        self.thread.take().unwrap().join().unwrap();
        began.elapsed()
    }
}

#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|it| it == b"\r\n\r\n").unwrap();
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let (status, headers) = head.split_once("\r\n").unwrap_or((head, ""));
        let headers: HashMap<String, String> = headers
            .lines()
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let mut body = bytes[end + 4..].to_vec();
        if headers
            .get("transfer-encoding")
            .is_some_and(|it| it == "chunked")
        {
            body = unchunked(&body);
        }
        Self {
            status: status.split(' ').nth(1).unwrap().parse().unwrap(),
            headers,
            body,
        }
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let end = body.windows(2).position(|it| it == b"\r\n").unwrap();
        let size = std::str::from_utf8(&body[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return whole;
        }
        whole.extend_from_slice(&body[end + 2..][..size]);
        body = &body[end + 2 + size + 2..];
    }
}

fn inflate(bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(bytes);
    decoder.read_to_end(&mut whole).unwrap();
    whole
}

#[test]
fn the_page_comes_with_its_types_and_isolated() {
    let site = Site::start(true);
    for (path, status, mime) in [
        ("/", 200, "text/html; charset=utf-8"),
        ("/index.html", 200, "text/html; charset=utf-8"),
        ("/?voice=a", 200, "text/html; charset=utf-8"),
        ("/assets/app.js", 200, "text/javascript; charset=utf-8"),
        ("/assets/app.css", 200, "text/css; charset=utf-8"),
        ("/assets/engine.wasm", 200, "application/wasm"),
        ("/assets/with%20space.svg", 200, "image/svg+xml"),
        ("/app.webmanifest", 200, "application/manifest+json"),
        ("/assets", 404, "text/plain; charset=utf-8"),
        ("/assets/", 404, "text/plain; charset=utf-8"),
        ("/none.js", 404, "text/plain; charset=utf-8"),
    ] {
        let answer = site.get(path);
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("content-type"), mime, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        for (name, value) in [
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{path}");
        }
    }
    let plain = Site::start(false).get("/");
    assert_eq!(plain.status, 200);
    assert!(
        !plain
            .headers
            .keys()
            .any(|name| name.starts_with("cross-origin"))
    );
}

#[test]
fn nothing_outside_is_served() {
    let site = Site::start(true);
    let outside = site
        .page
        .path()
        .parent()
        .unwrap()
        .join("outside-of-the-page");
    fs::write(&outside, "secret").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&outside, site.page.path().join("link.txt")).unwrap();
    fs::write(site.bundle.path().join("notes.txt"), "secret").unwrap();
    for path in [
        "/../outside-of-the-page",
        "/assets/../../outside-of-the-page",
        "/%2e%2e/outside-of-the-page",
        "/..%2foutside-of-the-page",
        "/..%5coutside-of-the-page",
        "/%00",
        "/%ff%fe",
        "/%zz",
        "/%+1",
        "/%2",
        "/link.txt",
        "/.secret/key",
        "//etc/passwd",
        "/models/../index.html",
        "/models/bundle/../bundle/manifest.json",
        "/models/bundle/notes.txt",
        "/models/bundle/..%2fbundle%2fmanifest.json",
        "/models/..%2f..%2fetc/passwd",
        "/models/../manifest.json",
        "/models/./manifest.json",
        "/models//manifest.json",
        "/models/none",
        "/models/none/",
        "/models/none/manifest.json",
        "/models/..",
        "/models/%2e%2e/",
    ] {
        let answer = site.get(path);
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
        assert_eq!(answer.body, b"there is no such file\n", "{path}");
    }
    fs::remove_file(outside).unwrap();
    for method in ["POST", "PUT", "DELETE"] {
        let answer = site.request(method, "/", &[("Content-Length", "0")]);
        assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD"));
    }
}

#[test]
fn every_file_of_a_bundle_can_be_had_whole_and_in_parts() {
    let site = Site::start(true);
    let dir = site.bundle.path();
    let manifest = Manifest::read(&dir).unwrap();
    for file in manifest.files() {
        let path = format!("/models/bundle/{}", file.name);
        let content = fs::read(dir.join(&file.name)).unwrap();
        let answer = site.get(&path);
        assert_eq!((answer.status, &answer.body), (200, &content), "{path}");
        assert_eq!(answer.header("accept-ranges"), "bytes");
        assert_eq!(answer.header("content-length"), file.size.to_string());
        let tag = answer.header("etag").to_owned();
        assert_eq!(
            tag.strip_prefix("W/").unwrap_or(&tag),
            format!("\"{}\"", file.sha256)
        );

        let unchanged = site.request("GET", &path, &[("If-None-Match", &tag)]);
        assert_eq!((unchanged.status, unchanged.body.len()), (304, 0), "{path}");
        assert_eq!(unchanged.header("etag"), tag);
        let changed = site.request("GET", &path, &[("If-None-Match", "\"other\"")]);
        assert_eq!(changed.status, 200);

        let head = site.request("HEAD", &path, &[]);
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(head.header("content-length"), file.size.to_string());
    }

    let file = &manifest.components[&bundle::ComponentName::FlowLm].data;
    let path = format!("/models/bundle/{}", file.name);
    let content = fs::read(dir.join(&file.name)).unwrap();
    let length = content.len();
    let tag = format!("\"{}\"", file.sha256);
    let answer = site.request(
        "GET",
        &path,
        &[("Range", "bytes=100-299"), ("If-Range", &tag)],
    );
    assert_eq!((answer.status, &answer.body[..]), (206, &content[100..300]));
    assert_eq!(
        answer.header("content-range"),
        format!("bytes 100-299/{length}")
    );
    let answer = site.request("GET", &path, &[("Range", "bytes=-7")]);
    assert_eq!(
        (answer.status, &answer.body[..]),
        (206, &content[length - 7..])
    );
    let answer = site.request(
        "GET",
        &path,
        &[("Range", "bytes=0-9"), ("If-Range", "\"old\"")],
    );
    assert_eq!((answer.status, answer.body.len()), (200, length));
    let past = format!("bytes={length}-");
    let answer = site.request("GET", &path, &[("Range", &past)]);
    assert_eq!(answer.status, 416);
    assert_eq!(answer.header("content-range"), format!("bytes */{length}"));
}

#[test]
fn text_is_compressed_and_weights_are_not() {
    let site = Site::start(true);
    let zip = [("Accept-Encoding", "br, gzip")];
    for path in [
        "/",
        "/assets/app.js",
        "/assets/engine.wasm",
        "/models/bundle/manifest.json",
    ] {
        let plain = site.get(path);
        assert_eq!(plain.header("content-encoding"), "", "{path}");
        let small = site.request("GET", path, &zip);
        assert_eq!(small.header("content-encoding"), "gzip", "{path}");
        assert_eq!(small.header("vary"), "accept-encoding", "{path}");
        assert!(small.body.len() < plain.body.len(), "{path}");
        assert_eq!(inflate(&small.body), plain.body, "{path}");
        // The bytes differ, so the tag must not be a strong one.
        assert!(small.header("etag").starts_with("W/\""), "{path}");
    }
    let weights = site.request("GET", "/models/bundle/flow_lm.onnx.data", &zip);
    assert_eq!(weights.header("content-encoding"), "");
    assert_eq!(weights.header("content-type"), "application/octet-stream");
}

#[test]
fn all_bundles_are_offered_and_changes_are_seen() {
    let site = Site::start(true);
    let models = || -> serde_json::Value {
        let answer = site.get("/models/index.json");
        assert_eq!(answer.header("content-type"), "application/json");
        serde_json::from_slice(&answer.body).unwrap()
    };
    let list = models();
    let [model] = &list["models"].as_array().unwrap()[..] else {
        panic!("{list}")
    };
    assert_eq!(model["name"], "bundle");
    assert_eq!(model["synthetic"], true);
    assert_eq!(model["voice_cloning"], true);
    assert!(model["size"].as_u64().unwrap() > 1000);

    // Another one appears, and one that is none is left out.
    let folder = site.bundle.path();
    let folder = folder.parent().unwrap();
    copy(&folder.join("bundle"), &folder.join("another one"));
    copy(&folder.join("bundle"), &folder.join(".half.partial"));
    fs::create_dir(folder.join("broken")).unwrap();
    fs::write(folder.join("broken/manifest.json"), "{").unwrap();
    let list = models();
    let names: Vec<_> = list["models"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert_eq!(names, ["another one", "bundle"]);
    assert_eq!(site.get("/models/another%20one/manifest.json").status, 200);
    assert_eq!(site.get("/models/.half.partial/manifest.json").status, 404);

    // The page is built again.
    let old = site.get("/").header("etag").to_owned();
    fs::write(site.page.path().join("index.html"), "new").unwrap();
    let new = site.request("GET", "/", &[("If-None-Match", &old)]);
    assert_eq!((new.status, &new.body[..]), (200, &b"new"[..]));
}

#[test]
fn a_folder_that_is_a_bundle_is_offered_itself() {
    let bundle = testkit::bundle("tiny_english", 17).unwrap();
    let models = Models::open(&bundle.path()).unwrap();
    let [offer] = &models.list().unwrap()[..] else {
        panic!("one bundle is offered")
    };
    assert_eq!(offer.name, "bundle");
}

#[test]
fn what_cannot_be_served_is_refused() {
    let empty = tempfile::tempdir().unwrap();
    let error = Page::open(empty.path()).unwrap_err();
    assert!(matches!(error, ServeError::NoPage { .. }), "{error}");
    assert!(error.to_string().contains("npm run build"), "{error}");
    let error = Models::open(empty.path()).unwrap_err();
    assert!(matches!(error, ServeError::NoBundle { .. }), "{error}");
    let error = Models::open(&empty.path().join("none")).unwrap_err();
    assert!(matches!(error, ServeError::Read { .. }), "{error}");
    fs::write(empty.path().join("manifest.json"), "[]").unwrap();
    let error = Models::open(empty.path()).unwrap_err();
    assert!(matches!(error, ServeError::Manifest(_)), "{error}");
}

#[test]
fn a_download_that_hangs_does_not_hold_up_the_end() {
    let mut site = Site::start(true);
    // Larger than what a socket takes in unread.
    let large = fs::File::create(site.page.path().join("large.bin")).unwrap();
    large.set_len(64 << 20).unwrap();
    let mut stream = TcpStream::connect(site.address()).unwrap();
    stream
        .write_all(b"GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    stream.read_exact(&mut [0; 1000]).unwrap();
    assert!(site.end() < Duration::from_secs(5));

    // Without one it ends at once.
    let mut site = Site::start(true);
    assert_eq!(site.get("/").status, 200);
    assert!(site.end() < Duration::from_millis(900));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn a_folder_without_its_slash_redirects_to_the_folder() {
    let site = Site::start(true);
    fs::create_dir(site.page.path().join("sub")).unwrap();
    fs::write(
        site.page.path().join("sub/index.html"),
        "<title>sub</title>",
    )
    .unwrap();
    for (path, location) in [
        ("/sub", "/sub/"),
        ("/sub?a=b&c", "/sub/?a=b&c"),
        ("/s%75b", "/s%75b/"),
        // Not to a host called sub.
        ("//sub", "/sub/"),
        ("/models", "/models/"),
        ("/models/bundle", "/models/bundle/"),
    ] {
        let answer = site.get(path);
        let is = (answer.status, answer.header("location"));
        assert_eq!(is, (308, location), "{path}");
        let answer = site.get(location);
        assert_eq!(answer.status, 200, "{location}");
    }
    let manifest = site.get("/models/bundle/manifest.json");
    assert_eq!(site.get("/models/bundle/").body, manifest.body);
    assert_eq!(
        site.get("/models/").body,
        site.get("/models/index.json").body
    );
}

#[test]
fn requests_for_other_hosts_are_refused() {
    let site = Site::start(true);
    let port = site.address().split_once(':').unwrap().1.to_owned();
    let send = |request: &str| {
        let mut stream = TcpStream::connect(site.address()).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        Answer::parse(&answer)
    };
    let request = |hosts: &[&str]| {
        let mut request = "GET /models/index.json HTTP/1.1\r\n".to_owned();
        for host in hosts {
            write!(request, "Host: {host}\r\n").unwrap();
        }
        request + "Connection: close\r\n\r\n"
    };
    for host in [
        "127.0.0.1",
        &format!("127.0.0.1:{port}"),
        "localhost:1",
        "[::1]",
        &format!("[::1]:{port}"),
    ] {
        assert_eq!(send(&request(&[host])).status, 200, "{host}");
    }
    for hosts in [
        &["rebound.example"][..],
        &["rebound.example:80"],
        &["127.0.0.1.rebound.example"],
        &["localhost", "rebound.example"],
        &[""],
    ] {
        let answer = send(&request(hosts));
        assert!(matches!(answer.status, 400 | 403), "{hosts:?}: {answer:?}");
        assert!(!String::from_utf8_lossy(&answer.body).contains("bundle"));
    }
    let refused = send(&request(&["rebound.example"]));
    let words = String::from_utf8_lossy(&refused.body).into_owned();
    assert_eq!(refused.status, 403);
    assert!(
        words.contains("--allow-host") && words.contains("address that it printed"),
        "{words}"
    );

    // The host of the request line counts, too; and some host has to be named.
    let of_line =
        "GET http://rebound.example/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert_eq!(send(of_line).status, 403);
    assert_eq!(send("GET / HTTP/1.0\r\n\r\n").status, 403);
}

#[test]
fn unusual_requests_are_answered() {
    let site = Site::start(true);
    let file = "/assets/engine.wasm";
    let head = site.request("HEAD", file, &[("Range", "bytes=0-3")]);
    assert_eq!((head.status, head.header("content-length")), (200, "396"));
    // Such bytes may have been compressed on their way.
    let tag = site.get("/assets/app.js").header("etag").to_owned();
    assert!(tag.starts_with("W/"), "{tag}");
    let part = [("Range", "bytes=0-3"), ("If-Range", tag.as_str())];
    assert_eq!(site.request("GET", "/assets/app.js", &part).status, 200);
    // A tag in the second line of two.
    let tags = [
        ("If-None-Match", "\"other\""),
        ("If-None-Match", tag.as_str()),
    ];
    assert_eq!(site.request("GET", "/assets/app.js", &tags).status, 304);

    for (length, statuses) in [
        (255, [404, 404]),
        (60_000, [404, 414]),
        (100_000, [414, 431]),
    ] {
        let path = format!("/{}", "a".repeat(length));
        let answer = site.get(&path);
        assert!(
            statuses.contains(&answer.status),
            "{length}: {}",
            answer.status
        );
    }
    assert_eq!(site.get("/").status, 200);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_there() {
    let site = Site::start(true);
    let pipe = site.page.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    assert_eq!(site.get("/pipe").status, 404);
    let manifest = Manifest::read(&site.bundle.path()).unwrap();
    let name = &manifest.components[&bundle::ComponentName::FlowLm]
        .data
        .name;
    let file = site.bundle.path().join(name);
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert_eq!(site.get(&format!("/models/bundle/{name}")).status, 404);
    fs::remove_dir(&file).unwrap();
    std::fs::rename(&pipe, &file).unwrap();
    assert_eq!(site.get(&format!("/models/bundle/{name}")).status, 404);
}

#[test]
fn slow_clients_hold_up_nobody() {
    let mut site = Site::start(true);
    let mut slow = Vec::new();
    for beginning in ["", "GET / HT", "GET / HTTP/1.1\r\nHost: localhost\r\n"] {
        for _ in 0..20 {
            let mut stream = TcpStream::connect(site.address()).unwrap();
            stream.write_all(beginning.as_bytes()).unwrap();
            slow.push(stream);
        }
    }
    let manifest = Manifest::read(&site.bundle.path()).unwrap();
    let name = &manifest.components[&bundle::ComponentName::FlowLm]
        .data
        .name;
    for _ in 0..20 {
        // They ask and do not read.
        let mut stream = TcpStream::connect(site.address()).unwrap();
        let request = format!("GET /models/bundle/{name} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        slow.push(stream);
    }
    let began = Instant::now();
    assert_eq!(site.get("/").status, 200);
    assert!(began.elapsed() < Duration::from_secs(2));
    assert!(site.end() < Duration::from_secs(3));
}
