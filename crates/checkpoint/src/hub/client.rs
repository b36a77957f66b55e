//! HTTP: requests, redirects that never pass the token on to another server, and retries.

use std::time::Duration;

use ureq::http::header::{AUTHORIZATION, HeaderMap, LOCATION};
use ureq::http::{Method, Request, Response, StatusCode, Uri};
use ureq::{Agent, Body, Proxy};

use super::address::{is_same_origin, origin, resolve};
use super::error::FetchError;

const MAX_REDIRECTS: usize = 10;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
const SILENCE_TIMEOUT: Duration = Duration::from_mins(1);
const LONGEST_RETRY_PAUSE: Duration = Duration::from_secs(8);

/// Sends requests.
#[derive(Clone, Debug)]
pub(super) struct Client {
    agent: Agent,
    retries: u32,
    pause: Duration,
}

/// One request.
pub(super) struct HubRequest<'a> {
    pub(super) method: Method,
    pub(super) url: &'a str,
    /// Sent to the origin of `url` only.
    pub(super) token: Option<&'a str>,
    pub(super) headers: Vec<(&'static str, String)>,
}

/// The response at the end of the redirects.
pub(super) struct HubResponse {
    pub(super) url: Uri,
    pub(super) response: Response<Body>,
    redirects: Vec<HeaderMap>,
}

/// A call without a response.
pub(super) struct NoResponse {
    pub(super) error: FetchError,
    /// Whether trying again may help.
    pub(super) transient: bool,
}

impl Client {
    /// `retries` tries after the first, the first of them after `pause`, the
    /// next ones after twice that each time.
    pub(super) fn new(retries: u32, pause: Duration, proxy: Option<Proxy>) -> Self {
        let agent = Agent::config_builder()
            .user_agent(concat!("pocket-onnx/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(proxy)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_recv_response(Some(SILENCE_TIMEOUT))
            .timeout_per_read(Some(SILENCE_TIMEOUT))
            .build()
            .new_agent();
        Self {
            agent,
            retries,
            pause,
        }
    }

    pub(super) fn backoff(&self) -> Backoff<'_> {
        Backoff {
            client: self,
            left: self.retries,
            pause: self.pause,
        }
    }

    /// Sends a call again until the response is not a temporary failure.
    pub(super) fn call(&self, call: &HubRequest<'_>) -> Result<HubResponse, FetchError> {
        let mut backoff = self.backoff();
        loop {
            match self.call_once(call) {
                Ok(answer) if is_transient(answer.status()) && backoff.pause() => {}
                Ok(answer) => return Ok(answer),
                Err(NoResponse {
                    transient: true, ..
                }) if backoff.pause() => {}
                Err(NoResponse { error, .. }) => return Err(error),
            }
        }
    }

    /// Sends a call and follows redirects; a `HEAD` stays at its origin, because that is the server
    /// that describes the file.
    pub(super) fn call_once(&self, call: &HubRequest<'_>) -> Result<HubResponse, NoResponse> {
        let first: Uri = call.url.parse().map_err(|_| bad_address(call.url))?;
        let mut url = first.clone();
        let mut redirects = Vec::new();
        loop {
            let mut request = Request::builder()
                .method(call.method.clone())
                .uri(url.clone())
                // Lengths and offsets are those of the file, not of a compressed form.
                .header("accept-encoding", "identity");
            for (name, value) in &call.headers {
                request = request.header(*name, value);
            }
            if let Some(token) = call.token
                && is_same_origin(&first, &url)
            {
                request = request.header(AUTHORIZATION, format!("Bearer {token}"));
            }
            let response = request
                .body(())
                .map_err(ureq::Error::from)
                .and_then(|request| self.agent.run(request))
                .map_err(|error| no_answer(&url, error))?;
            let target = redirect_target(&url, &response)?;
            match target {
                Some(next) if call.method != Method::HEAD || is_same_origin(&first, &next) => {
                    if redirects.len() == MAX_REDIRECTS {
                        return Err(no_answer(&url, ureq::Error::TooManyRedirects));
                    }
                    redirects.push(response.into_parts().0.headers);
                    url = next;
                }
                _ => {
                    return Ok(HubResponse {
                        url,
                        response,
                        redirects,
                    });
                }
            }
        }
    }
}

impl HubResponse {
    pub(super) fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// A header of the answer itself.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// A header of the response, or else of the latest redirect that had it.
    pub(super) fn header_on_the_way(&self, name: &str) -> Option<&str> {
        self.header(name).or_else(|| {
            let mut found = self.redirects.iter().rev().filter_map(|it| it.get(name));
            found.next()?.to_str().ok()
        })
    }

    /// The identifier of this version of the file, if the server sends one.
    pub(super) fn validator(&self) -> Option<String> {
        let strong = self.header("etag").filter(|it| !it.starts_with("W/"));
        strong
            .or_else(|| self.header("last-modified"))
            .map(str::to_owned)
    }

    /// The failure that the status means by itself.
    pub(super) fn as_failure(&self) -> FetchError {
        FetchError::Status {
            url: format!("{}{}", origin(&self.url), self.url.path()),
            status: self.status().as_u16(),
        }
    }
}

/// The tries left, and the pauses between them.
pub(super) struct Backoff<'a> {
    client: &'a Client,
    left: u32,
    pause: Duration,
}

impl Backoff<'_> {
    /// Waits before the next try; `false` where none is left.
    pub(super) fn pause(&mut self) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        std::thread::sleep(self.pause);
        self.pause = (self.pause * 2).min(LONGEST_RETRY_PAUSE);
        true
    }

    /// The last try made progress: all retries are available again.
    pub(super) fn reset(&mut self) {
        *self = self.client.backoff();
    }
}

/// Whether a later response may differ.
pub(super) fn is_transient(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
        )
}

fn redirect_target(base: &Uri, response: &Response<Body>) -> Result<Option<Uri>, NoResponse> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(target) = response.headers().get(LOCATION) else {
        return Ok(None);
    };
    let text = target.to_str().unwrap_or_default();
    match resolve(base, text).parse() {
        Ok(url) => Ok(Some(url)),
        Err(_) => Err(bad_address(text)),
    }
}

fn bad_address(url: &str) -> NoResponse {
    NoResponse {
        error: FetchError::Connection {
            server: url.to_owned(),
            source: std::io::Error::other("this is no address"),
        },
        transient: false,
    }
}

fn no_answer(url: &Uri, error: ureq::Error) -> NoResponse {
    let transient = match &error {
        ureq::Error::Io(error) => error.kind() != std::io::ErrorKind::ConnectionRefused,
        ureq::Error::Timeout(_) | ureq::Error::Protocol(_) | ureq::Error::ConnectionFailed => true,
        _ => false,
    };
    NoResponse {
        error: FetchError::Connection {
            server: origin(url),
            source: error.into_io(),
        },
        transient,
    }
}
