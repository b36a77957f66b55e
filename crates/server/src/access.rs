//! Decides which requests are answered.
//!
//! A web site can make its own name point to 127.0.0.1 (DNS rebinding), and a browser then lets it
//! read this server's responses. So a request must name the loopback interface, or an allowed host.
//! A web site can also send a request without reading the response; the API refuses that by its
//! `Origin`.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use service::http::ApiError;
use sha2::{Digest as _, Sha256};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// Names of the loopback interface in a `Host` header.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];
/// Allows every host, or every origin.
const ANY: &str = "*";

/// Which clients, besides programs and pages of this machine, may use the server.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Host names that the server answers to; `*` allows all.
    pub hosts: Vec<String>,
    /// Origins of web pages that may use the API, as `https://chat.example`; `*` allows all.
    pub origins: Vec<String>,
    /// The key that the API requires in `Authorization: Bearer`. With a key the server also answers
    /// to its IP address: a page that guesses the address does not know the key.
    pub key: Option<String>,
}

impl Access {
    /// Whether the host that `authority` names is this server.
    fn is_named_by(&self, authority: &Authority) -> bool {
        let host = authority.host();
        let is_plain = !authority.as_str().contains('@');
        let known = LOOPBACK.iter().any(|name| name.eq_ignore_ascii_case(host));
        let allowed = || {
            let mut hosts = self.hosts.iter();
            hosts.any(|name| name == ANY || name.eq_ignore_ascii_case(host))
        };
        let numeric = || self.key.is_some() && ip(host).is_some();
        is_plain && (known || allowed() || numeric())
    }

    fn is_named_by_header(&self, host: &HeaderValue) -> bool {
        let authority = host.to_str().ok().and_then(|host| host.parse().ok());
        authority
            .as_ref()
            .is_some_and(|host| self.is_named_by(host))
    }

    /// Whether a page of this origin may use the API: one of this server, or an allowed one.
    fn allows_origin(&self, origin: &HeaderValue, host: Option<&HeaderValue>) -> bool {
        let Ok(origin) = origin.to_str() else {
            return false;
        };
        let own = host
            .and_then(|host| host.to_str().ok())
            .is_some_and(|host| {
                let (_, authority) = origin.split_once("://").unwrap_or_default();
                authority.eq_ignore_ascii_case(host)
            });
        let mut origins = self.origins.iter();
        own || origins.any(|allowed| allowed == ANY || allowed.eq_ignore_ascii_case(origin))
    }

    /// Whether a request has the key, if one is required. The comparison takes the same time
    /// however much of the key was guessed.
    fn knows_key(&self, headers: &HeaderMap) -> bool {
        let Some(key) = &self.key else {
            return true;
        };
        let given = headers.get(header::AUTHORIZATION);
        let given = given.and_then(|value| value.to_str().ok());
        let given = given.and_then(|value| value.split_once(' '));
        given.is_some_and(|(scheme, given)| {
            let same = Sha256::digest(given.trim()) == Sha256::digest(key);
            scheme.eq_ignore_ascii_case("bearer") && same
        })
    }

    /// Lets pages of the allowed origins read responses of the API.
    pub(crate) fn cors(&self) -> CorsLayer {
        let layer = CorsLayer::new()
            .allow_methods([Method::GET, Method::POST])
            .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE]);
        if self.origins.iter().any(|origin| origin == ANY) {
            return layer.allow_origin(AllowOrigin::any());
        }
        let origins = self.origins.iter().filter_map(|origin| origin.parse().ok());
        layer.allow_origin(AllowOrigin::list(origins))
    }
}

fn ip(host: &str) -> Option<IpAddr> {
    host.trim_matches(['[', ']']).parse().ok()
}

/// Refuses requests for hosts that are not this server's.
pub(crate) async fn check_host(
    State(access): State<Arc<Access>>,
    request: Request,
    next: Next,
) -> Response {
    let hosts = request.headers().get_all(header::HOST);
    // If the request line names a host too, or instead, that counts as well.
    let target = request.uri().authority();
    let named = target.is_some() || hosts.iter().next().is_some();
    let known = hosts.iter().all(|host| access.is_named_by_header(host))
        && target.is_none_or(|host| access.is_named_by(host));
    if named && known {
        return next.run(request).await;
    }
    let message = "this server does not answer to that host name: open the address that it printed, or allow the \
                   name with --allow-host";
    let error = ApiError::new(StatusCode::FORBIDDEN, message);
    error.code("host_not_allowed").into_response()
}

/// Refuses requests of other pages, and those without the key.
pub(crate) async fn check_client(
    State(access): State<Arc<Access>>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let host = headers.get(header::HOST);
    let origin = headers.get(header::ORIGIN);
    if origin.is_some_and(|origin| !access.allows_origin(origin, host)) {
        let message = "pages of this origin may not use the API: allow it with --allow-origin";
        let error = ApiError::new(StatusCode::FORBIDDEN, message);
        return error.code("origin_not_allowed").into_response();
    }
    // A health check needs no key.
    if request.uri().path() != "/health" && !access.knows_key(headers) {
        let message = "the API key is missing or wrong: send Authorization: Bearer KEY";
        let error = ApiError::new(StatusCode::UNAUTHORIZED, message);
        let mut response = error.code("invalid_api_key").into_response();
        let scheme = HeaderValue::from_static("Bearer");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, scheme);
        return response;
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_named_by(access: &Access, host: &'static str) -> bool {
        access.is_named_by_header(&HeaderValue::from_static(host))
    }

    #[test]
    fn only_names_of_the_loopback_interface_are_taken() {
        for (host, expected) in [
            ("127.0.0.1", true),
            ("127.0.0.1:8000", true),
            ("localhost", true),
            ("LocalHost:80", true),
            ("[::1]", true),
            ("[::1]:65535", true),
            ("", false),
            ("evil.example", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example:8000", false),
            ("evil.example:127.0.0.1", false),
            ("localhost@evil.example", false),
            ("evil.example@localhost", false),
            ("0.0.0.0", false),
            ("127.0.0.2", false),
            ("2130706433", false),
            ("[::ffff:127.0.0.1]", false),
            ("::1", false),
            ("localhost, evil.example", false),
            ("localhost/", false),
        ] {
            assert_eq!(is_named_by(&Access::default(), host), expected, "{host}");
        }
    }

    #[test]
    fn other_names_are_taken_where_they_are_allowed() {
        let access = Access {
            hosts: vec!["speech.example".into()],
            ..Access::default()
        };
        assert!(is_named_by(&access, "Speech.Example:8000"));
        assert!(!is_named_by(&access, "evil.example"));
        assert!(!is_named_by(&access, "192.168.1.2:8000"));
        let access = Access {
            key: Some("secret".into()),
            ..Access::default()
        };
        assert!(is_named_by(&access, "192.168.1.2:8000") && is_named_by(&access, "[fe80::1]"));
        assert!(!is_named_by(&access, "evil.example"));
        let access = Access {
            hosts: vec!["*".into()],
            ..Access::default()
        };
        assert!(is_named_by(&access, "evil.example"));
    }

    #[test]
    fn a_key_has_to_be_known() {
        let access = Access {
            key: Some("secret".into()),
            ..Access::default()
        };
        let knows = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static(value));
            access.knows_key(&headers)
        };
        assert!(knows("Bearer secret") && knows("bearer secret"));
        for wrong in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer secre",
            "Basic secret",
            "secret",
        ] {
            assert!(!knows(wrong), "{wrong}");
        }
        assert!(!access.knows_key(&HeaderMap::new()));
        assert!(Access::default().knows_key(&HeaderMap::new()));
    }

    #[test]
    fn pages_of_this_server_and_of_allowed_origins_may_use_the_api() {
        let access = Access {
            origins: vec!["https://chat.example".into()],
            ..Access::default()
        };
        let host = HeaderValue::from_static("localhost:8000");
        for (origin, expected) in [
            ("http://localhost:8000", true),
            ("https://chat.example", true),
            ("http://localhost:9000", false),
            ("https://evil.example", false),
            ("null", false),
        ] {
            let origin = HeaderValue::from_static(origin);
            assert_eq!(
                access.allows_origin(&origin, Some(&host)),
                expected,
                "{origin:?}"
            );
        }
    }
}
