//! The server itself: routes, address, shutdown.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, Uri, Version, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use bundle::Manifest;
use service::http::ApiError;
use tokio::net::TcpListener;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::access::{check_client, check_host};
use crate::file::{Compressible, ServedFile, not_found};
use crate::isolation::isolate;
use crate::{Access, Models, Page, ServeError, connections};

/// How long a client may send nothing in the middle of a request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// What stands in the page's place.
const NO_PAGE: &str =
    "Only the API is served here, as docs/server.md describes it: the page was not built.\n";

/// What is served, and how.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// The page, where there is one.
    pub page: Option<Page>,
    /// The bundles.
    pub models: Models,
    /// Where to listen; port 0 is any that is free.
    pub address: SocketAddr,
    /// Who is answered.
    pub access: Access,
    /// Routes beside the page and the bundles.
    pub api: Router,
    /// Whether pages are cross-origin isolated.
    pub isolation: bool,
}

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
}

struct Served {
    page: Option<Page>,
    models: Models,
}

impl Server {
    /// Listens; requests wait until [`Self::run`].
    pub async fn bind(options: ServerOptions) -> Result<Self, ServeError> {
        let address = options.address;
        let failed = |source| ServeError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let served = Arc::new(Served {
            page: options.page,
            models: options.models,
        });
        let compression = CompressionLayer::new()
            .quality(CompressionLevel::Fastest)
            .compress_when(is_compressible);
        let mut router = Router::new()
            .fallback(answer)
            .with_state(served)
            .layer(compression);
        let access = Arc::new(options.access);
        let api = (options.api)
            .layer(RequestBodyTimeoutLayer::new(REQUEST_TIMEOUT))
            .layer(from_fn_with_state(access.clone(), check_client))
            .layer(access.cors());
        router = (router.merge(api))
            .layer(from_fn_with_state(access, check_host))
            .layer(from_fn(no_sniffing))
            .layer(from_fn(log));
        if options.isolation {
            router = router.layer(from_fn(isolate));
        }
        Ok(Self {
            listener,
            address,
            router,
        })
    }

    /// Address of the page on this machine: `http://127.0.0.1:PORT/`, unless it listens on another
    /// interface alone.
    pub fn url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            // All interfaces: no program can connect to that address.
            address.set_ip(match address {
                SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        format!("http://{address}/")
    }

    /// Answers requests until `end` resolves; responses in progress get a moment more.
    pub async fn run(self, end: impl Future<Output = ()>) {
        connections::serve(self.listener, self.router, end).await;
    }
}

fn is_compressible(_: StatusCode, _: Version, _: &HeaderMap, marks: &Extensions) -> bool {
    marks.get::<Compressible>().is_some()
}

/// Logs each request, and the time until its answer began.
async fn log(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    let milliseconds = started.elapsed().as_millis() as u64;
    let status = response.status().as_u16();
    tracing::info!(%method, path, status, milliseconds, "request");
    response
}

/// The content type is what the server says, not what a browser guesses.
async fn no_sniffing(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

async fn answer(
    State(served): State<Arc<Served>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if method != Method::GET && method != Method::HEAD {
        let allowed = [(header::ALLOW, "GET, HEAD")];
        // Clients whose base URL lacks its /v1 come here.
        let message = format!(
            "{} takes no {method}: speech is made by POST /v1/audio/speech, so a client's base URL ends in /v1",
            uri.path()
        );
        let error = ApiError::new(StatusCode::METHOD_NOT_ALLOWED, message);
        return (allowed, error.code("unknown_url")).into_response();
    }
    if served.page.is_none() && uri.path() == "/" {
        return (StatusCode::NOT_FOUND, NO_PAGE).into_response();
    }
    // Manifests are parsed and files hashed on other threads than those that answer.
    let path = uri.path().to_owned();
    let found = tokio::task::spawn_blocking(move || served.find(&path)).await;
    match found.ok().flatten() {
        Some(Resource::File(file)) => file.answer(&method, &headers).await,
        Some(Resource::Index(json)) => {
            let headers = [
                (header::CONTENT_TYPE, "application/json"),
                (header::CACHE_CONTROL, "no-cache"),
            ];
            (headers, json).into_response()
        }
        Some(Resource::Folder) => to_folder(&uri),
        None => not_found(),
    }
}

/// Redirects from the address of a folder to the one with a slash, which relative links need.
fn to_folder(uri: &Uri) -> Response {
    // Two slashes at the beginning would redirect to another host.
    let path = uri.path().trim_start_matches('/');
    let query = uri
        .query()
        .map_or(String::new(), |query| format!("?{query}"));
    let location = [(header::LOCATION, format!("/{path}/{query}"))];
    (StatusCode::PERMANENT_REDIRECT, location).into_response()
}

enum Resource {
    File(ServedFile),
    Index(String),
    /// A folder, addressed without its slash.
    Folder,
}

impl Served {
    /// The response for the path of a URL.
    fn find(&self, path: &str) -> Option<Resource> {
        let path = decode(path)?;
        if path == "/models" {
            return Some(Resource::Folder);
        }
        let Some(model) = path.strip_prefix("/models/") else {
            let page = self.page.as_ref()?;
            let found = page.find(&path).map(Resource::File);
            return found.or_else(|| {
                let folder = page.find(&format!("{path}/"));
                folder.map(|_| Resource::Folder)
            });
        };
        match model.split_once('/') {
            None if matches!(model, "" | "index.json") => self.index().map(Resource::Index),
            None => self
                .models
                .find(model, Manifest::FILE)
                .map(|_| Resource::Folder),
            Some((name, "")) => self.models.find(name, Manifest::FILE).map(Resource::File),
            Some((name, file)) => self.models.find(name, file).map(Resource::File),
        }
    }

    fn index(&self) -> Option<String> {
        let list = self.models.list();
        let models = list.inspect_err(|error| tracing::warn!("{error}")).ok()?;
        serde_json::to_string_pretty(&serde_json::json!({ "models": models })).ok()
    }
}

/// Decodes percent-encoding; `None` if the result is not UTF-8.
fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (digits, tail) = rest.split_at_checked(2)?;
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let value = 16 * digit(digits[0])? + digit(digits[1])?;
        bytes.push(u8::try_from(value).ok()?);
        rest = tail;
    }
    String::from_utf8(bytes).ok()
}
