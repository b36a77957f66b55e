//! A small model hub: `HEAD` and `GET` on `/{owner}/{repository}/resolve/{revision}/{path}`.
//!
//! Small files come from the hub itself, named by their git SHA-1; large ones
//! through a redirect to a second server, named by their SHA-256.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test fails where its server does"
)]

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use futures_util::{StreamExt as _, stream};
use sha2::Digest as _;
use tokio::runtime::Runtime;

/// What the hub knows and how it behaves; changed by tests while it runs.
#[derive(Debug)]
pub struct Behaviour {
    /// What it has, by `owner/repository`.
    pub repositories: HashMap<&'static str, Repository>,
    /// What it makes of `Range`.
    pub ranges: Ranges,
    /// How many bodies are still to be cut off, and after how many bytes.
    pub cuts: (usize, usize),
    /// `GET`s still to be answered with this status.
    pub failures: (usize, u16),
    /// What happens to every body.
    pub damage: Option<fn(&mut Vec<u8>)>,
    /// Answers every request with a web page, as the login page of a network does.
    pub login_page: bool,
    /// What every body is said to be.
    pub content_type: Option<&'static str>,
}

/// What a server makes of `Range`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ranges {
    /// The part comes that is asked for.
    Honoured,
    /// The whole file comes, as if none were given.
    Ignored,
    /// Answered with 416.
    Refused,
    /// The part that comes is one byte off.
    Shifted,
}

/// A repository of the hub.
#[derive(Clone, Debug, Default)]
pub struct Repository {
    /// The commit that every branch is at.
    pub commit: String,
    /// Names that stand for the commit.
    pub branches: Vec<&'static str>,
    /// Content, and whether it is a large file.
    pub files: HashMap<&'static str, (Vec<u8>, bool)>,
    /// The one token that is accepted.
    pub token: Option<&'static str>,
}

/// One request, as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenRequest {
    /// `hub`, or `storage` for large files.
    pub server: &'static str,
    /// `HEAD` or `GET`.
    pub method: String,
    /// Path of the address, percent-encoded.
    pub path: String,
    /// The `Range` header.
    pub range: Option<String>,
    /// The `If-None-Match` header: the version that the client has.
    pub condition: Option<String>,
    /// The `Authorization` header.
    pub authorization: Option<String>,
}

struct SharedHub {
    behaviour: Mutex<Behaviour>,
    log: Mutex<Vec<SeenRequest>>,
    storage: Mutex<Option<SocketAddr>>,
}

/// The two servers, which stop when this value is dropped.
pub struct LoopbackHub {
    shared: Arc<SharedHub>,
    address: SocketAddr,
    _runtime: Runtime,
}

impl std::fmt::Debug for LoopbackHub {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "LoopbackHub({})", self.address)
    }
}

impl LoopbackHub {
    /// Starts both servers on ports of their own.
    pub fn start(repositories: HashMap<&'static str, Repository>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let shared = Arc::new(SharedHub {
            behaviour: Mutex::new(Behaviour {
                repositories,
                ranges: Ranges::Honoured,
                cuts: (0, 0),
                failures: (0, 0),
                damage: None,
                login_page: false,
                content_type: None,
            }),
            log: Mutex::default(),
            storage: Mutex::default(),
        });
        let storage = serve(&runtime, &shared, "storage");
        *lock(&shared.storage) = Some(storage);
        let address = serve(&runtime, &shared, "hub");
        Self {
            shared,
            address,
            _runtime: runtime,
        }
    }

    /// The hub's address, for `HF_ENDPOINT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Changes what the hub knows or how it behaves.
    pub fn change(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut lock(&self.shared.behaviour));
    }

    /// The requests since the last call.
    pub fn seen(&self) -> Vec<SeenRequest> {
        std::mem::take(&mut lock(&self.shared.log))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(runtime: &Runtime, shared: &Arc<SharedHub>, server: &'static str) -> SocketAddr {
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
    let listener = listener.unwrap();
    let address = listener.local_addr().unwrap();
    let shared = Arc::clone(shared);
    let router = Router::new().fallback(move |request: Request| {
        let response = answer(&shared, server, &request);
        async move { response }
    });
    runtime.spawn(async move { axum::serve(listener, router).await });
    address
}

fn answer(shared: &SharedHub, server: &'static str, request: &Request) -> Response {
    let header = |name: &str| {
        let value = request.headers().get(name)?;
        Some(value.to_str().unwrap().to_owned())
    };
    let seen = SeenRequest {
        server,
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        range: header("range"),
        condition: header("if-none-match"),
        authorization: header("authorization"),
    };
    lock(&shared.log).push(seen.clone());
    let mut behaviour = lock(&shared.behaviour);
    if request.method() == Method::GET && behaviour.failures.0 > 0 {
        behaviour.failures.0 -= 1;
        return status(behaviour.failures.1, None);
    }
    if behaviour.login_page {
        return Response::new(Body::from("<html>Pay for this network</html>"));
    }
    if server == "storage" {
        return from_storage(&mut behaviour, &seen);
    }
    from_hub(&mut behaviour, &seen, *lock(&shared.storage))
}

fn from_storage(behaviour: &mut Behaviour, seen: &SeenRequest) -> Response {
    if seen.authorization.is_some() {
        // Signed addresses are refused beside a token.
        return status(400, None);
    }
    let hash = seen.path.trim_start_matches('/');
    let mut files = behaviour
        .repositories
        .values()
        .flat_map(|it| it.files.values());
    let file = files.find(|(content, _)| sha256(content) == hash);
    let Some((content, _)) = file.cloned() else {
        return status(404, None);
    };
    body(behaviour, seen, content, &[])
}

fn from_hub(
    behaviour: &mut Behaviour,
    seen: &SeenRequest,
    storage: Option<SocketAddr>,
) -> Response {
    let Some((name, rest)) = seen.path[1..].split_once("/resolve/") else {
        return status(404, None);
    };
    let Some(repository) = behaviour.repositories.get(name).cloned() else {
        let hidden = seen.authorization.is_none();
        return status(if hidden { 401 } else { 404 }, Some("RepoNotFound"));
    };
    if let Some(token) = repository.token {
        match &seen.authorization {
            None => return status(401, Some("GatedRepo")),
            Some(given) if *given != format!("Bearer {token}") => {
                return status(403, Some("GatedRepo"));
            }
            Some(_) => {}
        }
    }
    let (revision, path) = rest.split_once('/').unwrap();
    let revision = revision.replace("%2F", "/");
    if revision != repository.commit && !repository.branches.contains(&revision.as_str()) {
        return status(404, Some("RevisionNotFound"));
    }
    let Some((content, large)) = repository.files.get(path).cloned() else {
        return status(404, Some("EntryNotFound"));
    };
    // A full commit hash needs no look-up.
    let hash = revision.len() == 40;
    let commit = if hash { revision } else { repository.commit };
    let commit = ("x-repo-commit", commit);
    if !large {
        let etag = ("etag", format!("\"{}\"", git_sha1(&content)));
        return body(behaviour, seen, content, &[commit, etag]);
    }
    let hash = sha256(&content);
    let location = format!("http://{}/{hash}?signature=1", storage.unwrap());
    Response::builder()
        .status(StatusCode::FOUND)
        .header(commit.0, commit.1)
        .header("x-linked-etag", format!("\"{hash}\""))
        .header("x-linked-size", content.len())
        .header("etag", "\"of the redirect\"")
        .header("location", location)
        .body(Body::from("Found. Redirecting"))
        .unwrap()
}

/// `content`, or the part of it that was asked for.
fn body(
    behaviour: &mut Behaviour,
    seen: &SeenRequest,
    mut content: Vec<u8>,
    headers: &[(&str, String)],
) -> Response {
    if let Some(damage) = behaviour.damage.filter(|_| seen.method == "GET") {
        damage(&mut content);
    }
    let total = content.len();
    let mut response = Response::builder();
    for (name, value) in headers {
        response = response.header(*name, value);
    }
    if let Some(kind) = behaviour.content_type {
        response = response.header("content-type", kind);
    }
    if let Some((_, etag)) = headers.iter().find(|(name, _)| *name == "etag")
        && seen.condition.as_ref() == Some(etag)
    {
        return response.status(304).body(Body::empty()).unwrap();
    }
    let mut range = seen.range.as_ref();
    range = range.filter(|_| behaviour.ranges != Ranges::Ignored);
    if let Some(range) = range {
        let mut first: usize = range["bytes=".len()..range.len() - 1].parse().unwrap();
        if first >= total || behaviour.ranges == Ranges::Refused {
            return status(416, None);
        }
        first -= usize::from(behaviour.ranges == Ranges::Shifted);
        content.drain(..first);
        response = response.status(StatusCode::PARTIAL_CONTENT).header(
            "content-range",
            format!("bytes {first}-{}/{total}", total - 1),
        );
    }
    response = response.header("content-length", content.len());
    if seen.method == "HEAD" {
        return response.body(Body::empty()).unwrap();
    }
    let (left, length) = behaviour.cuts;
    if left == 0 || length >= content.len() {
        return response.body(Body::from(content)).unwrap();
    }
    behaviour.cuts.0 -= 1;
    content.truncate(length);
    let cut = stream::once(async move { Ok(content) }).chain(stream::once(async {
        // Lets the first part leave before the connection is cut.
        tokio::task::yield_now().await;
        Err(std::io::ErrorKind::ConnectionAborted)
    }));
    let cut = cut.map(|part| part.map_err(std::io::Error::from));
    response.body(Body::from_stream(cut)).unwrap()
}

fn status(code: u16, error: Option<&str>) -> Response {
    let mut response = Response::builder().status(code);
    if let Some(error) = error {
        response = response.header("x-error-code", error);
    }
    response.body(Body::empty()).unwrap()
}

/// The SHA-256 of `content`, in hexadecimal digits.
pub fn sha256(content: &[u8]) -> String {
    hex(&sha2::Sha256::digest(content))
}

/// The name that git gives to `content`.
pub fn git_sha1(content: &[u8]) -> String {
    let mut hash = sha1::Sha1::new_with_prefix(format!("blob {}\0", content.len()));
    hash.update(content);
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .map(|it| char::from(b"0123456789abcdef"[usize::from(it)]))
        .collect()
}
