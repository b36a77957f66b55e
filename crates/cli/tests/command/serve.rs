//! `pocket-onnx serve`: address, models, end.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use crate::sandbox::{Ran, Sandbox, TINY, names};

fn start(sandbox: &Sandbox, line: &str) -> (Child, String) {
    start_command(&mut sandbox.command(line))
}

fn start_command(command: &mut Command) -> (Child, String) {
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut first = String::new();
    let stdout = child.stdout.as_mut().unwrap();
    BufReader::new(stdout).read_line(&mut first).unwrap();
    (child, first)
}

fn get(url: &str, path: &str) -> String {
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address.trim_end_matches('/')).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[cfg(unix)]
fn interrupt(child: Child, line: &str) -> Ran {
    let kill = format!("kill -INT {}", child.id());
    assert!(
        Command::new("sh")
            .args(["-c", &kill])
            .status()
            .unwrap()
            .success()
    );
    Ran::new(line, child.wait_with_output().unwrap())
}

#[cfg(unix)]
#[test]
fn serves_page_and_bundles_until_an_interrupt() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!("{TINY} --output-dir models/tiny"))
        .ok();
    sandbox.write("site/index.html", "<title>the page</title>");

    let line = "serve --bundle models --page site";
    let (child, url) = start(&sandbox, line);
    let url = url.trim();
    assert!(
        url.starts_with("http://127.0.0.1:") && url.ends_with('/'),
        "{url}"
    );
    let page = get(url, "/");
    assert!(page.contains("<title>the page</title>"), "{page}");
    assert!(
        page.contains("cross-origin-embedder-policy: require-corp"),
        "{page}"
    );
    assert!(get(url, "/models/index.json").contains("\"name\": \"tiny\""));
    assert!(get(url, "/models/tiny/manifest.json").contains("\"flow_lm\""));
    let ran = interrupt(child, line).ok();
    assert!(
        ran.says(&["serving tiny (synthetic: makes noise)", "Ctrl-C ends it"]),
        "{ran}"
    );

    // For scripts, without the headers, at a port of one's own.
    let port = url.trim_end_matches('/').rsplit_once(':').unwrap().1;
    let line =
        format!("serve --bundle models/tiny --page site --json --no-isolation --port {port}");
    let (child, json) = start(&sandbox, &line);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["url"], url);
    assert_eq!(json["models"][0]["synthetic"], true);
    assert!(!get(url, "/").contains("cross-origin"));

    // Taken.
    let second = sandbox.run(&line);
    assert!(
        second
            .error()
            .contains(&format!("cannot listen on 127.0.0.1:{port}")),
        "{second}"
    );
    assert_eq!(interrupt(child, &line).ok().stderr, "");
}

/// Where nothing was converted, the model that the program brings is offered.
#[cfg(unix)]
#[test]
fn serves_what_the_program_brings() {
    let sandbox = Sandbox::new();
    sandbox.write("site/index.html", "<title>the page</title>");
    sandbox.write("temporary/.keep", "");
    let line = "serve --page site";
    let mut command = sandbox.command(line);
    command.env("TMPDIR", sandbox.path("temporary"));
    let (child, url) = start_command(&mut command);
    let url = url.trim();
    let index = get(url, "/models/index.json");
    for part in [
        "\"name\": \"starling\"",
        "\"robin\"",
        "\"synthetic\": false",
    ] {
        assert!(index.contains(part), "{part} is not in {index}");
    }
    assert!(get(url, "/models/starling/manifest.json").contains("\"flow_lm\""));
    let ran = interrupt(child, line).ok();
    assert!(
        ran.says(&[
            "serving starling: the small English model",
            "no bundle in browser/models/",
        ]),
        "{ran}"
    );
    assert!(!ran.stderr.contains("noise"), "{ran}");
    assert_eq!(names(&sandbox.path("temporary")), [".keep"]);
}

#[test]
fn says_what_is_missing() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run("serve --bundle none --page none");
    assert!(ran.error().contains("cannot read none"), "{ran}");
    sandbox.run(&format!("{TINY} --output-dir out")).ok();
    let ran = sandbox.run("serve --bundle out --page none");
    assert!(ran.error().contains("npm run build:demo"), "{ran}");
    sandbox.write("empty/file.txt", "");
    let ran = sandbox.run("serve --bundle empty");
    assert!(
        ran.error().contains("`pocket-onnx convert` makes one"),
        "{ran}"
    );
    let ran = sandbox.run("demo --open --output-dir new");
    assert!(ran.error().contains("npm run build:demo"), "{ran}");
    assert!(!sandbox.path("new").exists());
}
